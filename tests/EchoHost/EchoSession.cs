using System.Buffers;
using FastPush.Protocol;
using FastPush.Protocol.WebSocket;

namespace FastPush.EchoHost;

/// <summary>What the connection does after a step.</summary>
internal enum EchoStep
{
    /// <summary>Flush, then step again.</summary>
    Again,

    /// <summary>Wait for more bytes.</summary>
    Receive,

    /// <summary>Flush; the closing handshake is done.</summary>
    Closed,

    /// <summary>Flush; the client was told its fault and has yet to close.</summary>
    Failed,
}

/// <summary>Puts messages together, echoes them, answers pings and closes.</summary>
internal sealed class EchoSession
{
    private const int MessageBytesMax = 16 << 20;
    private const ushort TooBig = 1009;
    private static readonly ProtocolLimits Limits = new() { FrameBytes = MessageBytesMax };

    private readonly ArrayBufferWriter<byte> _message = new();
    private WsDecoder _decoder;

    public EchoStep Step(Incoming incoming, IBufferWriter<byte> outgoing)
    {
        var status = _decoder.TryRead(incoming.Held, Limits, out var chunk, out var consumed, out var fault);
        if (status is ParseStatus.Malformed or ParseStatus.TooLarge)
        {
            var (message, _, code) = ProtocolFaults.Describe(fault);
            return Close(outgoing, code, System.Text.Encoding.UTF8.GetBytes(message), EchoStep.Failed);
        }

        incoming.Drop(consumed);
        return status == ParseStatus.NeedMore ? EchoStep.Receive : Answer(chunk, outgoing);
    }

    private EchoStep Answer(in WsChunk chunk, IBufferWriter<byte> outgoing)
    {
        switch (chunk.Kind)
        {
            case WsChunkKind.Data when chunk.Payload.Length > MessageBytesMax - _message.WrittenCount:
                return Close(outgoing, TooBig, default, EchoStep.Failed);
            case WsChunkKind.Data:
                _message.Write(chunk.Payload);
                if (chunk.EndOfMessage)
                {
                    Write(outgoing, chunk.IsText ? WsOpcode.Text : WsOpcode.Binary, _message.WrittenSpan);
                    _message.ResetWrittenCount();
                }

                return EchoStep.Again;
            case WsChunkKind.Ping:
                Write(outgoing, WsOpcode.Pong, chunk.Payload);
                return EchoStep.Again;
            case WsChunkKind.Close when CloseFrame.TryRead(chunk.Payload, out var code, out var reason):
                return Close(outgoing, code, reason, EchoStep.Closed);
            default:
                return EchoStep.Again;
        }
    }

    private static void Write(IBufferWriter<byte> outgoing, WsOpcode opcode, ReadOnlySpan<byte> payload)
    {
        outgoing.Advance(WsHeaderWriter.Write(outgoing.GetSpan(WsHeaderWriter.MaxBytes), opcode, payload.Length));
        outgoing.Write(payload);
    }

    private static EchoStep Close(IBufferWriter<byte> outgoing, ushort code, ReadOnlySpan<byte> reason, EchoStep step)
    {
        outgoing.Advance(CloseFrame.Write(outgoing.GetSpan(CloseFrame.MaxBytes), code, reason));
        return step;
    }
}
