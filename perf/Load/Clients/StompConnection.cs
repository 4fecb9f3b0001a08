using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Wire;

namespace FastPush.Load.Clients;

/// <summary>
/// A STOMP 1.2 session over WebSocket: a subscriber with one subscription for each destination, or with none a publisher.
/// </summary>
internal sealed class StompConnection(
    ClientLoop loop,
    IConnectionEvents events,
    Target target,
    int index,
    LoadOptions options,
    Credentials credentials,
    byte[][] destinations)
    : Connection(loop, events, target, index)
{
    private Phase _phase;
    private byte[]? _partial;
    private int _partialLength;

    private enum Phase : byte
    {
        Upgrading,
        LoggingIn,
        Subscribing,
        Open,
    }

    /// <summary>Puts a SEND frame into the output.</summary>
    public void Publish(ReadOnlySpan<byte> destination, ReadOnlySpan<byte> body)
    {
        var text = new ByteText(Loop.Scratch);
        text.Add("SEND\ndestination:"u8);
        text.Add(destination);
        text.Add("\ncontent-type:text/plain\ncontent-length:"u8);
        text.Add(body.Length);
        text.Add("\n\n"u8);
        text.Add(body);
        text.Add("\0"u8);
        Write(WebSocketFrame.Text, text.Written);
    }

    public void SendHeartBeat() => Write(WebSocketFrame.Text, "\n"u8);

    protected override void OnOpen()
    {
        _phase = Phase.Upgrading;
        var text = new ByteText(Loop.Scratch);
        StompRequest.Upgrade(ref text, Target, credentials, Index);
        Append(text.Written);
    }

    protected override int Take(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (_phase == Phase.Upgrading)
        {
            if (!HttpHead.TryRead(bytes, out var head))
            {
                return 0;
            }

            if (!StompRequest.IsUpgraded(head))
            {
                Fail($"no upgrade: {head.ToString()}", bytes[head.Length..]);
                return 0;
            }

            at = head.Length;
            LogIn();
        }

        while (IsOpen && WebSocketFrame.TryReadHeader(bytes[at..], out var opcode, out var final, out var header, out var length))
        {
            if (length < 0)
            {
                Fail("bad WebSocket frame");
                return 0;
            }

            if (bytes.Length - at < header + length)
            {
                Need(header + length);
                break;
            }

            TakeFrame(opcode, bytes.Slice(at + header, length));
            at += header + length;
        }

        return at;
    }

    protected override void OnClosed()
    {
        if (_partial is not null)
        {
            Loop.Return(_partial);
            _partial = null;
        }

        _partialLength = 0;
        _phase = Phase.Upgrading;
    }

    private void TakeFrame(int opcode, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case WebSocketFrame.Close:
                Fail("closed by server:", payload.Length > 2 ? payload[2..] : payload);
                break;
            case WebSocketFrame.Ping:
                Write(WebSocketFrame.Pong, payload);
                break;
            case WebSocketFrame.Pong:
                break;
            default:
                TakePayload(payload);
                break;
        }
    }

    // STOMP frames are a stream over the WebSocket frames: one may end in a later one.
    private void TakePayload(ReadOnlySpan<byte> payload)
    {
        var earlier = _partial;
        if (earlier is not null)
        {
            var whole = Loop.Rent(_partialLength + payload.Length);
            earlier.AsSpan(0, _partialLength).CopyTo(whole);
            payload.CopyTo(whole.AsSpan(_partialLength));
            payload = whole.AsSpan(0, _partialLength + payload.Length);
            Loop.Return(earlier);
            _partial = null;
            _partialLength = 0;
            KeepRest(payload[TakeStomp(payload)..]);
            Loop.Return(whole);
            return;
        }

        KeepRest(payload[TakeStomp(payload)..]);
    }

    private void KeepRest(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || !IsOpen)
        {
            return;
        }

        _partial = Loop.Rent(rest.Length);
        _partialLength = rest.Length;
        rest.CopyTo(_partial);
    }

    private int TakeStomp(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (IsOpen && at < bytes.Length)
        {
            if (bytes[at] is (byte)'\n' or (byte)'\r')
            {
                at++;
                Events.OnHeartBeat();
                continue;
            }

            var length = StompFrame.Read(bytes[at..], out var frame);
            if (length == 0)
            {
                break;
            }

            if (length < 0)
            {
                Fail("bad STOMP frame:", bytes[at..]);
                break;
            }

            at += length;
            TakeStompFrame(frame);
        }

        return IsOpen ? at : bytes.Length;
    }

    private void TakeStompFrame(in StompFrame frame)
    {
        switch (frame.Command)
        {
            case ServerCommand.Message:
                var slot = frame.Subscription.Length == 1 ? frame.Subscription[0] - '0' : int.MaxValue;
                Events.OnMessage(this, slot, frame.Body);
                if (!frame.Ack.IsEmpty)
                {
                    Acknowledge(frame.Ack);
                }

                break;
            case ServerCommand.Connected when _phase == Phase.LoggingIn:
                Subscribe();
                break;
            case ServerCommand.Receipt when _phase == Phase.Subscribing:
                _phase = Phase.Open;
                BecomeReady();
                break;
            case ServerCommand.Error:
                Fail($"ERROR {System.Text.Encoding.UTF8.GetString(frame.Message)}:", frame.Body);
                break;
            default:
                Fail("unexpected STOMP frame");
                break;
        }
    }

    private void LogIn()
    {
        _phase = Phase.LoggingIn;
        var text = new ByteText(Loop.Scratch);
        StompRequest.Connect(ref text, options.HeartBeatMs);
        Write(WebSocketFrame.Text, text.Written);
    }

    private void Subscribe()
    {
        _phase = destinations.Length > 0 ? Phase.Subscribing : Phase.Open;
        for (var slot = 0; slot < destinations.Length; slot++)
        {
            var text = new ByteText(Loop.Scratch);
            StompRequest.Subscribe(ref text, slot, destinations[slot], options, isLast: slot == destinations.Length - 1);
            Write(WebSocketFrame.Text, text.Written);
        }

        if (_phase == Phase.Open)
        {
            BecomeReady();
        }
    }

    private void Acknowledge(ReadOnlySpan<byte> id)
    {
        Span<byte> frame = stackalloc byte[256];
        var text = new ByteText(frame);
        text.Add("ACK\nid:"u8);
        text.Add(id);
        text.Add("\n\n\0"u8);
        Write(WebSocketFrame.Text, text.Written);
    }

    private void Write(int opcode, ReadOnlySpan<byte> payload)
    {
        var most = WebSocketFrame.HeaderBytesMax + payload.Length;
        Unuse(most - WebSocketFrame.Write(Room(most), opcode, payload));
    }
}
