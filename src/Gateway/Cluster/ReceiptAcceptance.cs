using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// A STOMP frame whose RECEIPT is owed until all that it asked for is done; a refusal closes the session with ERROR and 1013.
/// <see cref="Done"/> is called once by its maker, so that it does not answer before everything was expected.
/// </summary>
internal sealed class ReceiptAcceptance : IAcceptance
{
    private readonly Session _session;
    private readonly long _messageId;
    private int _open = 1;
    private string? _refusal;

    /// <summary>For a frame with that receipt header, as it came; empty = nothing to answer but a refusal.</summary>
    public ReceiptAcceptance(Session session, ReadOnlySpan<byte> receipt, long messageId)
    {
        _session = session;
        _messageId = messageId;
        Receipt = receipt.ToArray();
    }

    /// <summary>The answer says that some of what a SUBSCRIBE resumes after are gone.</summary>
    public bool IsGap { get; set; }

    private byte[] Receipt { get; }

    /// <summary>Some message is still on its way, so the answer comes later.</summary>
    public bool IsOpen => Volatile.Read(ref _open) > 0;

    public void Expect() => Interlocked.Increment(ref _open);

    public void Accepted() => Done();

    public void Refused(string why)
    {
        Volatile.Write(ref _refusal, why);
        Done();
    }

    /// <summary>Answers when it was the last thing expected.</summary>
    public void Done()
    {
        if (Interlocked.Decrement(ref _open) > 0)
        {
            return;
        }

        if (Volatile.Read(ref _refusal) is { } why)
        {
            SessionCloser.Close(
                _session,
                CloseReason.Overload,
                new CloseNotice { Code = 1013, Message = "unavailable", Detail = why, ReceiptId = Receipt });
            return;
        }

        if (Receipt.Length > 0 && _session.State < SessionState.Closing)
        {
            Answer();
        }
    }

    private void Answer()
    {
        var frame = BytePool.Rent(FrameWriter.MaxReceiptBytes(Receipt.Length));
        var length = FrameWriter.WriteReceipt(frame, Receipt, _messageId, IsGap);
        var answer = BytePool.Rent(length + WsHeaderWriter.MaxBytes);
        var at = WsHeaderWriter.Write(answer, WsOpcode.Text, length);
        frame.AsSpan(0, length).CopyTo(answer.AsSpan(at));
        var isRead = _session.Append(answer.AsSpan(0, at + length));
        BytePool.Return(frame);
        BytePool.Return(answer);
        if (!isRead)
        {
            SessionCloser.Close(_session, CloseReason.SlowConsumer);
            return;
        }

        _session.Flush();
    }
}
