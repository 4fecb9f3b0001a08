using FastPush.Protocol.Tls;

namespace FastPush.Protocol.Tests.Tls;

public sealed class ClientHelloTests
{
    private static readonly byte[] s_tls13 = [0, 43, 0, 5, 4, 3, 4, 3, 3];
    private static readonly byte[] s_tls12 = [0, 43, 0, 3, 2, 3, 3];
    private static readonly byte[] s_both = [0, 16, 0, 14, 0, 12, 2, (byte)'h', (byte)'2', 8, .. "http/1.1"u8];
    private static readonly byte[] s_name = [0, 0, 0, 4, 1, 2, 3, 4];

    private static byte[] Hello(params byte[][] extensions)
    {
        byte[] all = [.. extensions.SelectMany(e => e)];
        byte[] body = [3, 3, .. new byte[32], 2, 7, 7, 0, 2, 0x13, 1, 1, 0, (byte)(all.Length >> 8), (byte)all.Length, .. all];
        return [22, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body];
    }

    private static ReadStep Read(Span<byte> input)
    {
        var status = ClientHello.TryRead(input, out var hello);
        return new ReadStep(
            status, status == ParseStatus.Done ? input.Length : 0, $"{hello.OffersTls13} {hello.OffersHttp2}");
    }

    [Fact]
    public void What_is_offered_is_read_however_it_is_cut()
    {
        foreach (var (bytes, seen) in new[]
        {
            (Hello(s_name, s_tls13, s_both), "True True"),
            (Hello(s_tls13), "True False"),
            (Hello(s_both, s_tls12), "False True"),
            (Hello(), "False False"),
        })
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Equal(ParseStatus.NeedMore, Read(bytes.AsSpan(0, length)).Status);
            }

            var step = Read(bytes);
            Assert.Equal((ParseStatus.Done, seen), (step.Status, step.Seen));
        }
    }

    [Fact]
    public void What_is_not_TLS_or_comes_in_several_records_is_told_at_once()
    {
        Assert.Equal(ParseStatus.Malformed, ClientHello.TryRead("G"u8, out _));
        Assert.Equal(ParseStatus.Malformed, ClientHello.TryRead([22, 2], out _));
        var cut = Hello(s_tls13);
        cut[8]++;
        Assert.Equal(ParseStatus.Malformed, ClientHello.TryRead(cut, out _));
    }

    [Fact]
    public void No_changed_byte_makes_it_fail_otherwise()
    {
        var hello = Hello(s_name, s_tls13, s_both);
        var seen = new HashSet<ParseStatus>();
        for (var at = 0; at < hello.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var changed = hello.ToArray();
                changed[at] = (byte)value;
                seen.Add(ClientHello.TryRead(changed, out _));
            }
        }

        Assert.Equal([ParseStatus.Done, ParseStatus.NeedMore, ParseStatus.Malformed], seen.Order());
    }
}
