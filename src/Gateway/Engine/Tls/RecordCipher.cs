using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// A thread's ciphers: one context for each suite and direction, given the connection's key for each record, so that no connection
/// keeps one. <see cref="Wire"/> is the thread's too: records are made in it and sent from it.
/// </summary>
internal sealed unsafe class RecordCipher
{
    /// <summary>What a record is longer than its content, with a KeyUpdate in front of it.</summary>
    public const int OverheadBytesMax = 2 * TlsRecord.OverheadBytes + KeyUpdate.Bytes;

    private const int WireBytes = OverheadBytesMax + TlsRecord.ContentBytesMax;

    [ThreadStatic]
    private static RecordCipher? t_own;

    private readonly nint[] _contexts = new nint[6];

    ~RecordCipher()
    {
        // The thread has ended.
        foreach (var context in _contexts)
        {
            OpenSslAead.Free(context);
        }
    }

    public static RecordCipher OfThread => t_own ??= new RecordCipher();

    /// <summary>Used between making a record and sending it; holds nothing else.</summary>
    public byte[] Wire { get; } = GC.AllocateUninitializedArray<byte>(WireBytes);

    /// <summary>Writes one whole record to <paramref name="record"/> and returns its length.</summary>
    public int Seal(TrafficKey key, TlsContent type, ReadOnlySpan<byte> content, Span<byte> record)
    {
        var bodyBytes = content.Length + 1 + TlsRecord.TagBytes;
        record = record[..(TlsRecord.HeaderBytes + bodyBytes)];
        TlsRecord.WriteHeader(record, bodyBytes);
        fixed (byte* from = content, to = record)
        {
            var context = Begin(key, to, isSealing: true);
            var body = to + TlsRecord.HeaderBytes;
            var last = (byte)type;
            int written;
            if (content.Length > 0)
            {
                OpenSsl.Check(OpenSslAead.Update(context, body, &written, from, content.Length));
            }

            OpenSsl.Check(OpenSslAead.Update(context, body + content.Length, &written, &last, 1));
            var tag = body + content.Length + 1;
            OpenSsl.Check(OpenSslAead.Final(context, tag, &written));
            OpenSsl.Check(OpenSslAead.Control(context, OpenSslAead.GetTag, TlsRecord.TagBytes, tag));
        }

        return record.Length;
    }

    /// <summary>Decrypts a record in its place. False when it was not made with this key; then nothing of it may be looked at.</summary>
    public bool TryOpen(TrafficKey key, Span<byte> record, out Span<byte> inner)
    {
        inner = record[TlsRecord.HeaderBytes..^TlsRecord.TagBytes];
        fixed (byte* at = record)
        {
            var context = Begin(key, at, isSealing: false);
            var body = at + TlsRecord.HeaderBytes;
            int written;
            OpenSsl.Check(OpenSslAead.Control(context, OpenSslAead.SetTag, TlsRecord.TagBytes, body + inner.Length));
            OpenSsl.Check(OpenSslAead.Update(context, body, &written, body, inner.Length));
            if (OpenSslAead.Final(context, body + inner.Length, &written) > 0)
            {
                return true;
            }

            OpenSsl.ClearErrors();
            return false;
        }
    }

    // The header is the additional data.
    private nint Begin(TrafficKey key, byte* header, bool isSealing)
    {
        var encrypt = isSealing ? 1 : 0;
        ref var context = ref _contexts[(int)key.Suite % 3 * 2 + encrypt];
        if (context == 0)
        {
            context = OpenSsl.Check(OpenSslAead.New());
            OpenSsl.Check(OpenSslAead.Init(context, OpenSslAead.Cipher(key.Suite), 0, null, null, encrypt));
        }

        var nonce = stackalloc byte[TlsSuites.NonceBytes];
        key.NextNonce(new Span<byte>(nonce, TlsSuites.NonceBytes));
        int written;
        fixed (byte* bytes = key.Key)
        {
            OpenSsl.Check(OpenSslAead.Init(context, 0, 0, bytes, nonce, encrypt));
        }

        OpenSsl.Check(OpenSslAead.Update(context, null, &written, header, TlsRecord.HeaderBytes));
        return context;
    }
}
