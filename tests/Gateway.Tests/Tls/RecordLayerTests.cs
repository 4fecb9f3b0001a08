using System.Security.Cryptography;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Tests.Tls;

/// <summary>The record layer without a socket.</summary>
[Collection(NodeCollection.Name)]
public sealed class RecordLayerTests
{
    private readonly byte[] _buffer = new byte[128 << 10];

    private static TrafficKey Key(TlsSuite suite = TlsSuite.Aes128Gcm) =>
        new(suite, Enumerable.Range(0, TlsSuites.HashBytes(suite)).Select(i => (byte)i).ToArray());

    private static byte[] Seal(TrafficKey key, TlsContent type, ReadOnlySpan<byte> content)
    {
        var record = new byte[content.Length + TlsRecord.OverheadBytes];
        Assert.Equal(record.Length, RecordCipher.OfThread.Seal(key, type, content, record));
        return record;
    }

    // What one read finds, with its data appended to content.
    private (TlsInput Last, TlsAlert Fault) Feed(TlsReceiver receiver, ReadOnlySpan<byte> bytes, List<byte> content)
    {
        var kept = receiver.Restore(_buffer);
        bytes.CopyTo(_buffer.AsSpan(kept));
        var rest = _buffer.AsSpan(0, kept + bytes.Length);
        while (true)
        {
            var input = receiver.Next(ref rest, out var data, out var fault);
            if (input == TlsInput.NeedMore)
            {
                receiver.Keep(rest);
            }

            if (input is TlsInput.NeedMore or TlsInput.Fault or TlsInput.Closed or TlsInput.Aborted)
            {
                return (input, fault);
            }

            content.AddRange(data);
        }
    }

    /// <summary>RFC 8448 section 3, the client's application data.</summary>
    [Fact]
    public void A_record_is_that_of_the_RFC()
    {
        var secret = Convert.FromHexString("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
        var content = Enumerable.Range(0, 50).Select(i => (byte)i).ToArray();
        var record = Seal(new TrafficKey(TlsSuite.Aes128Gcm, secret), TlsContent.ApplicationData, content);
        Assert.Equal(
            "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd"
                + "1e3deae63aeebb21694915e4",
            Convert.ToHexStringLower(record));
    }

    [Theory]
    [InlineData(TlsSuite.Aes128Gcm)]
    [InlineData(TlsSuite.Aes256Gcm)]
    [InlineData(TlsSuite.ChaCha20Poly1305)]
    public void Records_cut_at_every_byte_give_the_same_content_and_keep_no_buffer(TlsSuite suite)
    {
        var (write, receiver) = (Key(suite), new TlsReceiver(Key(suite)));
        var rented = BytePool.OutstandingBytes;
        var wire = new List<byte>();
        var sent = new List<byte>();
        foreach (var length in new[] { 1, 0, 100, 3000, 1, 17 })
        {
            var content = RandomNumberGenerator.GetBytes(length);
            sent.AddRange(content);
            wire.AddRange(Seal(write, TlsContent.ApplicationData, content));
            var update = new byte[KeyUpdate.Bytes];
            KeyUpdate.Write(update, isRequest: false);
            wire.AddRange(Seal(write, TlsContent.Handshake, update));
            write.Update();
        }

        var got = new List<byte>();
        foreach (var one in wire)
        {
            Assert.Equal(TlsInput.NeedMore, Feed(receiver, [one], got).Last);
        }

        Assert.Equal(sent, got);
        Assert.Equal(rented, BytePool.OutstandingBytes);
    }

    [Fact]
    public void A_changed_byte_anywhere_ends_the_connection()
    {
        var record = Seal(Key(), TlsContent.ApplicationData, "hello"u8);
        for (var at = 0; at < record.Length; at++)
        {
            if (at is 3 or 4)
            {
                continue; // The length: what it asks for may never come.
            }

            var changed = record.ToArray();
            changed[at] ^= 0x40;
            var (last, _) = Feed(new TlsReceiver(Key()), changed, []);
            Assert.Equal(TlsInput.Fault, last);
        }
    }

    [Fact]
    public void A_record_that_comes_twice_or_out_of_order_is_refused()
    {
        var key = Key();
        var (first, second) = (Seal(key, TlsContent.ApplicationData, "1"u8), Seal(key, TlsContent.ApplicationData, "2"u8));
        Assert.Equal((TlsInput.Fault, TlsAlert.BadRecordMac), Feed(new TlsReceiver(Key()), second, []));
        Assert.Equal((TlsInput.Fault, TlsAlert.BadRecordMac), Feed(new TlsReceiver(Key()), [.. first, .. first], []));
    }

    [Fact]
    public void Records_without_data_are_bounded()
    {
        var (key, receiver) = (Key(), new TlsReceiver(Key()));
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(TlsInput.NeedMore, Feed(receiver, Seal(key, TlsContent.ApplicationData, []), []).Last);
        }

        Assert.Equal(
            (TlsInput.Fault, TlsAlert.UnexpectedMessage), Feed(receiver, Seal(key, TlsContent.ApplicationData, []), []));
    }

    [Fact]
    public void Noise_is_refused_and_never_delivered()
    {
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            noise[0] = (byte)TlsContent.ApplicationData;
            var content = new List<byte>();
            var receiver = new TlsReceiver(Key());
            Assert.NotEqual(TlsInput.Data, Feed(receiver, noise, content).Last);
            Assert.Empty(content);
            receiver.Clear();
        }
    }

    [Fact]
    public void A_record_allocates_nothing()
    {
        var (write, receiver) = (Key(), new TlsReceiver(Key()));
        var content = new byte[1000];
        var record = new byte[content.Length + TlsRecord.OverheadBytes];
        var whole = true;
        void SealAndOpen()
        {
            RecordCipher.OfThread.Seal(write, TlsContent.ApplicationData, content, record);
            var rest = record.AsSpan();
            whole &= receiver.Next(ref rest, out var data, out _) == TlsInput.Data && data.Length == content.Length;
        }

        Assert.Equal(0, Allocations.Least(SealAndOpen, times: 500, rounds: 10));
        Assert.True(whole);
    }
}
