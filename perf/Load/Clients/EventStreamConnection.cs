using System.Buffers.Text;
using System.Text;
using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Wire;

namespace FastPush.Load.Clients;

/// <summary>A subscriber by <c>GET /sse</c>: a <c>text/event-stream</c> in chunks, one <c>data:</c> line an event.</summary>
internal sealed class EventStreamConnection(
    ClientLoop loop, IConnectionEvents events, Target target, int index, Credentials credentials, byte[][] destinations)
    : Connection(loop, events, target, index)
{
    private bool _hasHead;
    private bool _isChunked;

    protected override void OnOpen()
    {
        var text = new ByteText(Loop.Scratch);
        text.Add("GET /sse"u8);
        for (var i = 0; i < destinations.Length; i++)
        {
            text.Add(i == 0 ? "?destination="u8 : "&destination="u8);
            text.Add(Encoding.ASCII.GetBytes(Uri.EscapeDataString(Encoding.UTF8.GetString(destinations[i]))));
        }

        text.Add(" HTTP/1.1\r\nHost: "u8);
        text.Add(Encoding.ASCII.GetBytes(Target.Host));
        text.Add("\r\nAccept: text/event-stream\r\n"u8);
        credentials.AddHeader(ref text, Index);
        text.Add("\r\n"u8);
        Append(text.Written);
    }

    protected override int Take(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (!_hasHead)
        {
            if (!HttpHead.TryRead(bytes, out var head))
            {
                return 0;
            }

            if (head.Status != 200)
            {
                Fail($"no event stream: {head.ToString()}", bytes[head.Length..]);
                return 0;
            }

            _hasHead = true;
            _isChunked = head.IsChunked;
            at = head.Length;
        }

        // A server writes whole blocks; a chunk that ends inside of one waits for the next, both then being read again.
        return _isChunked ? at + TakeChunks(bytes[at..]) : at + TakeEvents(bytes[at..]);
    }

    protected override void OnClosed() => _hasHead = false;

    private int TakeChunks(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (IsOpen)
        {
            var line = bytes[at..].IndexOf("\r\n"u8);
            if (line < 0 || !Utf8Parser.TryParse(bytes[at..], out int size, out _, 'x'))
            {
                if (line > 0)
                {
                    Fail("bad chunk");
                }

                return at;
            }

            var end = at + line + 2 + size + 2;
            if (size == 0)
            {
                Fail("stream ended by server");
                return at;
            }

            if (bytes.Length < end)
            {
                Need(end - at);
                return at;
            }

            var used = TakeEvents(bytes.Slice(at + line + 2, size));
            if (used < size)
            {
                Fail("an event in pieces over several chunks");
                return at;
            }

            at = end;
        }

        return at;
    }

    private int TakeEvents(ReadOnlySpan<byte> bytes)
    {
        // The first block of the stream is written when the subscriptions stand.
        if (!IsReady && !bytes.IsEmpty)
        {
            BecomeReady();
        }

        var at = 0;
        while (true)
        {
            var end = bytes[at..].IndexOf("\n\n"u8);
            if (end < 0)
            {
                return at;
            }

            TakeBlock(bytes.Slice(at, end + 1));
            at += end + 2;
        }
    }

    private void TakeBlock(ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty)
        {
            var end = block.IndexOf((byte)'\n');
            if (block.StartsWith("data: "u8))
            {
                Events.OnMessage(this, -1, block[6..end]);
            }
            else if (block[0] == ':')
            {
                Events.OnHeartBeat();
            }

            block = block[(end + 1)..];
        }
    }
}
