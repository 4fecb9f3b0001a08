using System.Buffers;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Transport;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Handshake;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>Whose connection it is, by its first bytes.</summary>
internal sealed partial class TlsConnection
{
    // The beginning of a request whose head is cut off.
    private byte[]? _head;
    private int _headBytes;

    private void Decide(Span<byte> data)
    {
        var held = _head;
        if (held is not null)
        {
            KeepHead(held.AsSpan(0, _headBytes), data);
            BytePool.Return(held);
            data = _head.AsSpan(0, _headBytes);
        }

        if (TryDecide(data))
        {
            ReleaseHead();
        }
        else if (held is null)
        {
            KeepHead([], data);
        }
    }

    // Bounded: with one byte over the limit of a head it is decided.
    private void KeepHead(ReadOnlySpan<byte> start, ReadOnlySpan<byte> more)
    {
        _headBytes = start.Length + more.Length;
        _head = BytePool.Rent(_headBytes);
        start.CopyTo(_head);
        more.CopyTo(_head.AsSpan(start.Length));
    }

    private void ReleaseHead()
    {
        if (_head is not null)
        {
            BytePool.Return(_head);
            _head = null;
        }
    }

    private bool TryDecide(Span<byte> head)
    {
        switch (UpgradeSniffer.Classify(head))
        {
            case RequestKind.Other:
                PassOn(head);
                return true;
            case RequestKind.NeedMore:
                return false;
            default:
                break;
        }

        var response = new ArrayBufferWriter<byte>(UpgradeResponse.AcceptBytesMax);
        switch (listener.Gate.Decide(head, response, Entry, out var principal, out var consumed))
        {
            case UpgradeVerdict.NeedMore:
                return false;
            case UpgradeVerdict.PassOn:
                PassOn(head);
                break;
            case UpgradeVerdict.Accepted:
                Open(principal, response.WrittenSpan);
                Deliver(head[consumed..]);
                break;
            default:
                _phase = TlsPhase.Refused;
                _channel.TrySend(response.WrittenSpan);
                _channel.EndSend();
                break;
        }

        return true;
    }

    private void Open(Principal? principal, ReadOnlySpan<byte> response)
    {
        _client = new StompConnection(listener.Node, this, principal, Entry!.AcceptedMs);
        Entry = Entry.IsProven ? null : Entry;
        _phase = TlsPhase.Open;
        listener.Node.Sessions.Add(_client.Session);
        _client.Session.Append(response);
        _client.Session.Flush();
    }

    private void PassOn(ReadOnlySpan<byte> head)
    {
        _http = new TlsHttpContext(_channel, fd, Entry!, listener.Watch, () => loop.Post(this));
        _phase = TlsPhase.Http;
        _http.Receive(head);
        listener.HandOver(_http);
    }
}
