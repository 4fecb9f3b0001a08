using FastPush.Protocol;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Stomp;

/// <summary>The beginning of a WebSocket header or control frame whose end has not come.</summary>
internal sealed partial class StompConnection
{
    // The incomplete beginning that was kept, with enough behind it to complete any header or control frame.
    private Span<byte> ReceiveBehindRest(Span<byte> bytes, scoped ref AckRun acks)
    {
        Span<byte> joined = stackalloc byte[RestMax + 1];
        _rest.AsSpan(0, _restLength).CopyTo(joined);
        var taken = Math.Min(bytes.Length, joined.Length - _restLength);
        bytes[..taken].CopyTo(joined[_restLength..]);
        joined = joined[..(_restLength + taken)];
        var status = _decoder.TryRead(joined, Node.ProtocolLimits, out var chunk, out var consumed, out var fault);
        switch (status)
        {
            case ParseStatus.Done:
                bytes = bytes[(consumed - _restLength)..];
                _restLength = 0;
                Handle(chunk, ref acks);
                return bytes;
            case ParseStatus.NeedMore when consumed > 0:
                bytes = bytes[(consumed - _restLength)..];
                _restLength = 0;
                return bytes;
            case ParseStatus.NeedMore:
                joined.CopyTo(_rest);
                _restLength = joined.Length;
                return default;
            default:
                acks.Finish(this);
                FailFraming(fault);
                return default;
        }
    }

    private void KeepRest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            GiveBackRest();
            return;
        }

        _rest ??= BytePool.Rent(RestMax + 1);
        bytes.CopyTo(_rest);
        _restLength = bytes.Length;
    }

    private void GiveBackRest()
    {
        if (_rest is not null)
        {
            BytePool.Return(_rest);
            _rest = null;
            _restLength = 0;
        }
    }
}
