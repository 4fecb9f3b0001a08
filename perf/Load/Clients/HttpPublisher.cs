using System.Buffers.Text;
using System.Text;
using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Wire;

namespace FastPush.Load.Clients;

/// <summary>A publisher by <c>POST /api/v1/messages</c> on a connection that is kept, one request at a time.</summary>
internal sealed class HttpPublisher(ClientLoop loop, IConnectionEvents events, Target target, int index, Credentials credentials)
    : Connection(loop, events, target, index)
{
    private readonly byte[] _host = Encoding.ASCII.GetBytes(target.Host);

    /// <summary>Whether a response is being waited for.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Responses other than 2xx.</summary>
    public long Refused { get; private set; }

    /// <summary>The first response other than 2xx.</summary>
    public string? Refusal { get; private set; }

    public void Publish(ReadOnlySpan<byte> destination, ReadOnlySpan<byte> body)
    {
        var content = new ByteText(Loop.Scratch.AsSpan(1 << 20));
        AddRecipient(ref content, destination);
        content.Add(",\"payload\":\""u8);
        content.Add(body);
        content.Add("\"}"u8);

        var text = new ByteText(Loop.Scratch);
        text.Add("POST /api/v1/messages HTTP/1.1\r\nHost: "u8);
        text.Add(_host);
        text.Add("\r\nContent-Type: application/json\r\nContent-Length: "u8);
        text.Add(content.Length);
        text.Add("\r\n"u8);
        credentials.AddHeader(ref text, Index);
        text.Add("\r\n"u8);
        Append(text.Written);
        Append(content.Written);
        IsBusy = true;
    }

    protected override void OnOpen() => BecomeReady();

    protected override void OnClosed() => IsBusy = false;

    protected override int Take(ReadOnlySpan<byte> bytes)
    {
        if (!HttpHead.TryRead(bytes, out var head))
        {
            return 0;
        }

        var body = bytes[head.Length..];
        int length;
        if (head.IsChunked)
        {
            var last = body.IndexOf("0\r\n\r\n"u8);
            if (last < 0)
            {
                return 0;
            }

            length = last + 5;
        }
        else
        {
            var hasLength = Utf8Parser.TryParse(head.Field("content-length"u8), out length, out _);
            if (hasLength && body.Length < length)
            {
                return 0;
            }
        }

        IsBusy = false;
        if (head.Status is < 200 or > 299)
        {
            Refused++;
            Refusal ??= $"publish refused: {head.Status} {Encoding.UTF8.GetString(body[..Math.Min(length, 200)])}";
        }

        return head.Length + length;
    }

    // "/topic/x" and "/user/u/queue/q", as STOMP has them.
    private static void AddRecipient(ref ByteText text, ReadOnlySpan<byte> destination)
    {
        if (destination.StartsWith("/topic/"u8))
        {
            text.Add("{\"to\":{\"topic\":\""u8);
            text.Add(destination[7..]);
            text.Add("\"}"u8);
            return;
        }

        var rest = destination["/user/".Length..];
        var slash = rest.IndexOf((byte)'/');
        text.Add("{\"to\":{\"user\":\""u8);
        text.Add(rest[..slash]);
        text.Add("\",\"queue\":\""u8);
        text.Add(rest[(slash + "/queue/".Length)..]);
        text.Add("\"}"u8);
    }
}
