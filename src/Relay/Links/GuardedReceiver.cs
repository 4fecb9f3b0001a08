using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>
/// A receiver that throws has a fault of its own: it is logged, and must take neither the connection with all other messages nor
/// the loop that reconnects.
/// </summary>
internal sealed class GuardedReceiver(IRelayReceiver inner, ILogger log) : IRelayReceiver
{
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        try
        {
            inner.OnMessage(message);
        }
        catch (Exception fault)
        {
            LinkLog.ReceiverFailed(log, fault);
        }
    }

    public void OnUndelivered(int serverId, ReadOnlySpan<byte> message)
    {
        try
        {
            inner.OnUndelivered(serverId, message);
        }
        catch (Exception fault)
        {
            LinkLog.ReceiverFailed(log, fault);
        }
    }

    public void OnBatchEnd() => Call(static inner => inner.OnBatchEnd());

    public void OnUp() => Call(static inner => inner.OnUp());

    public void OnDown(string reason)
    {
        try
        {
            inner.OnDown(reason);
        }
        catch (Exception fault)
        {
            LinkLog.ReceiverFailed(log, fault);
        }
    }

    private void Call(Action<IRelayReceiver> call)
    {
        try
        {
            call(inner);
        }
        catch (Exception fault)
        {
            LinkLog.ReceiverFailed(log, fault);
        }
    }
}
