using System.Security.Cryptography;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

/// <summary>A <see cref="WsDecoder"/> for <see cref="Splits"/>: its chunks put together to messages, in words.</summary>
internal sealed class DecoderReader(ProtocolLimits limits)
{
    private const int WordsBytesMax = 48;

    private readonly List<byte> _message = [];
    private WsDecoder _decoder;

    public static Reader Fresh(ProtocolLimits? limits = null) => new DecoderReader(limits ?? ProtocolLimits.Default).Read;

    private ReadStep Read(Span<byte> input)
    {
        var before = input.ToArray();
        var status = _decoder.TryRead(input, limits, out var chunk, out var consumed, out var fault);
        Assert.Equal(status is ParseStatus.Malformed or ParseStatus.TooLarge, fault != ProtocolFault.None);
        switch (status)
        {
            case ParseStatus.Done:
                return new ReadStep(status, consumed, Words(chunk));
            case ParseStatus.NeedMore:
                Assert.True(before.AsSpan().SequenceEqual(input), "NeedMore changed the bytes it left");
                Assert.InRange(input.Length - consumed, 0, WsHeaderReader.MaxBytes + WsHeaderReader.ControlPayloadMax);
                return new ReadStep(status, consumed, "");
            default:
                return new ReadStep(status, 0, fault.ToString());
        }
    }

    private string Words(in WsChunk chunk)
    {
        if (chunk.Kind != WsChunkKind.Data)
        {
            return $"{chunk.Kind} {Convert.ToHexString(chunk.Payload)}";
        }

        _message.AddRange(chunk.Payload);
        if (!chunk.EndOfMessage)
        {
            return "";
        }

        byte[] message = [.. _message];
        _message.Clear();
        var content = message.Length <= WordsBytesMax ? Convert.ToHexString(message) : Convert.ToHexString(SHA256.HashData(message));
        return $"{(chunk.IsText ? "Text" : "Binary")} {message.Length} {content}";
    }
}
