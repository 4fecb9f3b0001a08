namespace FastPush.Protocol.WebSocket;

/// <summary>
/// The frame state machine of a server (RFC 6455 section 5), 24 bytes, one per connection; <c>default</c> is the start. It gives a data
/// payload out as it arrives, so nothing here grows with a frame or a message.
/// </summary>
public struct WsDecoder
{
    private long _payloadDue;
    private uint _maskKey;
    private Utf8Check _utf8;
    private bool _isInFrame;
    private bool _isLastFrame;
    private bool _isInMessage;
    private bool _isText;

    /// <summary>A data message has begun and its last byte has not come.</summary>
    public readonly bool IsInMessage => _isInFrame || _isInMessage;

    /// <summary>
    /// Takes at most one chunk from the start of <paramref name="input"/>. After Done or NeedMore the caller drops
    /// <paramref name="consumed"/> bytes; what is left it keeps and calls again: at once after Done, with more appended after
    /// NeedMore. What NeedMore leaves is an incomplete header or control frame, never more than 14 + 125 bytes and still masked.
    /// After Malformed or TooLarge the decoder must not be used again.
    /// </summary>
    /// <param name="input">What has arrived and was not consumed; payloads are unmasked in it.</param>
    /// <param name="limits">For <see cref="ProtocolLimits.WebSocketPayloadBytes"/>; a message of several is not limited.</param>
    /// <param name="chunk">A slice of <paramref name="input"/>; empty unless Done.</param>
    /// <param name="consumed">With NeedMore it is above 0 when a data frame's header was taken and no payload is there yet.</param>
    /// <param name="fault">The rule that was broken; None for Done and NeedMore.</param>
    public ParseStatus TryRead(Span<byte> input, ProtocolLimits limits, out WsChunk chunk, out int consumed, out ProtocolFault fault)
    {
        chunk = default;
        consumed = 0;
        if (!_isInFrame)
        {
            fault = FragmentationFault(input);
            if (fault != ProtocolFault.None)
            {
                return ParseStatus.Malformed;
            }

            var status = WsHeaderReader.TryRead(input, limits.WebSocketPayloadBytes, out var header, out fault);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            if (header.IsControl)
            {
                return ReadControl(input, header, out chunk, out consumed, out fault);
            }

            Begin(header);
            consumed = header.HeaderBytes;
        }

        return ReadData(input[consumed..], out chunk, ref consumed, out fault);
    }

    // Section 5.4. Judged by the first byte alone, and not before the faults that byte can have by itself.
    private readonly ProtocolFault FragmentationFault(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return ProtocolFault.None;
        }

        return (input[0] & 0x7F) switch
        {
            (int)WsOpcode.Continuation when !_isInMessage => ProtocolFault.UnexpectedContinuation,
            (int)WsOpcode.Text or (int)WsOpcode.Binary when _isInMessage => ProtocolFault.ExpectedContinuation,
            _ => ProtocolFault.None,
        };
    }

    private void Begin(in WsHeader header)
    {
        _isInFrame = true;
        _isLastFrame = header.Fin;
        _payloadDue = header.PayloadLength;
        _maskKey = header.MaskKey;
        if (header.Opcode != WsOpcode.Continuation)
        {
            // _utf8 is at its start here: a text that ended amid a character was the end of the decoder.
            _isInMessage = true;
            _isText = header.Opcode == WsOpcode.Text;
        }
    }

    private ParseStatus ReadData(Span<byte> input, out WsChunk chunk, scoped ref int consumed, out ProtocolFault fault)
    {
        chunk = default;
        fault = ProtocolFault.None;
        var payload = input[..(int)Math.Min(input.Length, _payloadDue)];
        if (payload.IsEmpty && _payloadDue > 0)
        {
            return ParseStatus.NeedMore;
        }

        WsMask.Apply(payload, _maskKey, 0);
        _maskKey = WsMask.Turn(_maskKey, payload.Length);
        _payloadDue -= payload.Length;
        _isInFrame = _payloadDue > 0;
        var isEnd = !_isInFrame && _isLastFrame;
        _isInMessage = !isEnd;
        if (_isText && (!_utf8.Push(payload) || (isEnd && !_utf8.IsComplete)))
        {
            fault = ProtocolFault.InvalidUtf8;
            return ParseStatus.Malformed;
        }

        consumed += payload.Length;
        chunk = new WsChunk { Kind = WsChunkKind.Data, Payload = payload, EndOfMessage = isEnd, IsText = _isText };
        return ParseStatus.Done;
    }

    // Control frames are given out whole: a pong must repeat the ping, a close must be judged as one.
    private static ParseStatus ReadControl(
        Span<byte> input, scoped in WsHeader header, out WsChunk chunk, out int consumed, out ProtocolFault fault)
    {
        chunk = default;
        consumed = 0;
        fault = ProtocolFault.None;
        if (input.Length - header.HeaderBytes < header.PayloadLength)
        {
            return ParseStatus.NeedMore;
        }

        var payload = input.Slice(header.HeaderBytes, (int)header.PayloadLength);
        WsMask.Apply(payload, header.MaskKey, 0);
        if (header.Opcode == WsOpcode.Close && !CloseFrame.TryRead(payload, out _, out _))
        {
            fault = ProtocolFault.BadCloseFrame;
            return ParseStatus.Malformed;
        }

        consumed = header.HeaderBytes + payload.Length;
        chunk = new WsChunk
        {
            Kind = header.Opcode switch
            {
                WsOpcode.Ping => WsChunkKind.Ping,
                WsOpcode.Pong => WsChunkKind.Pong,
                _ => WsChunkKind.Close,
            },
            Payload = payload,
        };
        return ParseStatus.Done;
    }
}
