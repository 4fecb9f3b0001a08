using FastPush.Gateway.Auth;
using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Topics;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// The way in of one STOMP client: bytes become WebSocket chunks, chunks become frames, frames become commands, all on the thread
/// that read them. Used by one reader at a time.
/// </summary>
internal sealed partial class StompConnection
{
    // A WebSocket header or control frame that is cut off: 14 bytes of header and 125 of payload at most.
    private const int RestMax = 14 + 125;

    private WsDecoder _decoder;
    private FrameScan _scan;
    private byte[]? _rest;
    private int _restLength;
    private FrameBuffer _partial;
    private bool _partialIsText = true;
    private bool _needsFlush;
    private int _frames;

    // The WebSocket framing is lost: what comes is read, so that closing does not reset the connection before the ERROR is read, and
    // thrown away.
    private bool _isDeaf;

    /// <summary>Its time to CONNECT runs from <paramref name="acceptedMs"/> on the monotonic clock; null = now.</summary>
    public StompConnection(Node node, Link link, Principal? principal, long? acceptedMs = null)
    {
        Session = new Session(node, link, WireFormat.Stomp12, node.NextSessionId());
        Session.DeadlineMs = (acceptedMs ?? node.Clock.NowMs) + node.Options.Limits.ConnectTimeoutMs;
        UpgradePrincipal = principal;
    }

    public Session Session { get; }

    public Node Node => Session.Node;

    /// <summary>Who the upgrade request's token named; null when it had none.</summary>
    public Principal? UpgradePrincipal { get; }

    public StompVersion Version { get; set; } = StompVersion.V12;

    /// <summary>Open transactions; null until the first BEGIN.</summary>
    public Transactions? Transactions { get; set; }

    /// <summary>Commands that the connection may still send without a token, see <see cref="CommandRate"/>.</summary>
    public byte FreeCommands { get; set; } = CommandRate.FreePerConnection;

    /// <summary>The frame in hand came in WebSocket text messages only, so it is valid UTF-8.</summary>
    public bool FrameIsText { get; private set; }

    /// <summary>The peer has sent its close frame, or nothing it sends can matter any more.</summary>
    public bool IsInputOver { get; private set; }

    /// <summary>Takes what was read. The bytes are changed in place (unmasked) and not kept.</summary>
    public void Receive(Span<byte> bytes)
    {
        var ticks = Node.Clock.Ticks;
        FanoutBatch.Current.ReadTicks = ticks;
        Session.LastInputMs = Node.Clock.MsAt(ticks);
        if (_isDeaf)
        {
            return;
        }

        var acks = default(AckRun);
        Receive(bytes, ref acks);
        acks.Finish(this);
        Session.Unfinished.EndRead(Session.LastInputMs, !_partial.IsEmpty, _restLength > 0 || _decoder.IsInMessage);
    }

    private void Receive(Span<byte> bytes, scoped ref AckRun acks)
    {
        if (_restLength > 0)
        {
            bytes = ReceiveBehindRest(bytes, ref acks);
        }

        while (!bytes.IsEmpty && !IsInputOver)
        {
            var status = _decoder.TryRead(bytes, Node.ProtocolLimits, out var chunk, out var consumed, out var fault);
            bytes = bytes[consumed..];
            switch (status)
            {
                case ParseStatus.Done:
                    Handle(chunk, ref acks);
                    break;
                case ParseStatus.NeedMore:
                    KeepRest(bytes);
                    return;
                default:
                    acks.Finish(this);
                    FailFraming(fault);
                    return;
            }
        }
    }

    /// <summary>Ends a read: what it answered is sent, once, when the batch on this thread is completed.</summary>
    public void EndRead()
    {
        if (_needsFlush)
        {
            _needsFlush = false;
            lock (Session)
            {
                Session.FlushAtEnd(FanoutBatch.Current);
            }
        }
    }

    /// <summary>The session has something to send at the end of this batch.</summary>
    public void FlushAtEnd() => _needsFlush = true;

    /// <summary>Sends a STOMP frame back to this client, at the end of the batch.</summary>
    public void Reply(ReadOnlySpan<byte> frame) => Reply(WsOpcode.Text, frame);

    /// <summary>Closes for a fault that a reader found in a frame, of which the legal lines before it are there.</summary>
    public void Fail(in StompFrame frame, ProtocolFault fault)
    {
        var notice = CloseNotice.For(fault);
        Fail(frame, notice.Code == 1009 ? CloseReason.TooBig : CloseReason.Protocol, notice);
    }

    /// <summary>
    /// Closes with these words, and the frame's <c>receipt</c> if it had one. Input after this is thrown away.
    /// </summary>
    public void Fail(in StompFrame frame, CloseReason reason, CloseNotice notice)
    {
        if (frame.TryGet(HeaderName.Receipt, out var receipt))
        {
            var isEscaped = frame.Command is not (StompCommand.Connect or StompCommand.Stomp);
            notice = notice with { ReceiptId = isEscaped ? receipt : ConnectCommand.EscapedReceipt(receipt, Version) };
        }

        SessionCloser.Close(Session, reason, notice);
        ClearPartial();
    }

    /// <summary>Gives back what the connection holds. Called once, when the reader has ended.</summary>
    public void Release()
    {
        ClearPartial();
        Transactions?.Clear();
        GiveBackRest();
    }

    private void FailFraming(ProtocolFault fault)
    {
        _isDeaf = true;
        _restLength = 0;
        Fail(default, fault);
    }

    private bool IsClosing => Session.State >= SessionState.Closing;

    private void Handle(in WsChunk chunk, ref AckRun acks)
    {
        if (!_decoder.IsInMessage)
        {
            Session.Unfinished.EndMessage(); // It was the last of a message, or a control frame outside of one.
        }

        if (chunk.Kind == WsChunkKind.Data)
        {
            if (!IsClosing)
            {
                Feed(chunk.Payload, chunk.IsText, ref acks);
            }

            return;
        }

        acks.Finish(this);
        if (chunk.Kind != WsChunkKind.Close && !IsClosing && !CommandRate.TryTake(this, default))
        {
            return;
        }

        switch (chunk.Kind)
        {
            case WsChunkKind.Ping:
                Reply(WsOpcode.Pong, chunk.Payload);
                break;
            case WsChunkKind.Close:
                IsInputOver = true;
                PeerCloses(chunk.Payload);
                break;
            default:
                break; // A pong is input, and input was noted.
        }
    }

    private void Reply(WsOpcode opcode, ReadOnlySpan<byte> payload)
    {
        var size = payload.Length + WsHeaderWriter.MaxBytes;
        var frame = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        var at = WsHeaderWriter.Write(frame, opcode, payload.Length);
        payload.CopyTo(frame[at..]);
        _needsFlush = true;
        if (!Session.Append(frame[..(at + payload.Length)]))
        {
            SessionCloser.Close(Session, CloseReason.SlowConsumer);
        }
    }

    private void PeerCloses(ReadOnlySpan<byte> payload)
    {
        if (!CloseFrame.TryRead(payload, out var code, out _))
        {
            Fail(default, ProtocolFault.BadCloseFrame);
            return;
        }

        SessionCloser.Close(Session, CloseReason.PeerClosed, CloseNotice.Echo(code));
    }

    private void Feed(ReadOnlySpan<byte> payload, bool isText, ref AckRun acks)
    {
        if (_partial.IsEmpty)
        {
            FrameIsText = isText;
            _partialIsText = isText;
            var frames = _frames;
            var parsed = Parse(payload, ref acks);
            Keep(payload[parsed..]);
            NotePartial();
            if (_frames == frames && parsed == payload.Length && !IsClosing)
            {
                CommandRate.TryTake(this, default); // A heart-beat, or nothing at all.
            }

            return;
        }

        _partialIsText &= isText;
        FrameIsText = _partialIsText;
        Keep(payload);
        _partial.RemoveFirst(Parse(_partial.Bytes, ref acks));
        NotePartial();
        _partialIsText = _partialIsText || _partial.IsEmpty;
    }

    // Runs all whole frames and returns how many bytes they (and heart-beats) took.
    private int Parse(ReadOnlySpan<byte> bytes, scoped ref AckRun acks)
    {
        var at = 0;
        while (at < bytes.Length && !IsClosing)
        {
            if (!_scan.Begun && AckCommands.TryHandle(this, bytes[at..], ref acks, out var ackBytes))
            {
                at += ackBytes;
                Session.Unfinished.EndFrame();
                _frames++;
                continue;
            }

            var limits = Session.State == SessionState.Connecting ? Node.ConnectLimits : Node.ProtocolLimits;
            var status = FrameReader.TryRead(ref _scan, bytes[at..], Version, limits, out var frame, out var consumed, out var fault);
            at += consumed;
            switch (status)
            {
                case ParseStatus.Done:
                    acks.Finish(this);
                    Session.Unfinished.EndFrame();
                    _frames++;
                    StompCommands.Handle(this, frame);
                    break;
                case ParseStatus.NeedMore:
                    return at;
                default:
                    acks.Finish(this);
                    Fail(frame, fault);
                    return bytes.Length;
            }
        }

        return IsClosing ? bytes.Length : at;
    }
}
