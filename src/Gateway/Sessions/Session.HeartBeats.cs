namespace FastPush.Gateway.Sessions;

/// <summary>Signs of life in both directions.</summary>
internal sealed partial class Session
{
    /// <summary>The server sends something at least this often, in ms; 0 = never needed.</summary>
    public int SendEveryMs { get; set; }

    /// <summary>The client is gone after so many ms without input; 0 = never.</summary>
    public int ExpectWithinMs { get; set; }

    /// <summary>Sets both directions from what was agreed, in ms; 0 = none.</summary>
    public void ScheduleHeartBeats(int sendEveryMs, int expectEveryMs)
    {
        // Sent a little earlier and missed a little later than agreed: the network and both timers need room (STOMP 1.2, "Heart-beating").
        // Clients may name times up to int.MaxValue.
        SendEveryMs = (int)(sendEveryMs * 8L / 10);
        ExpectWithinMs = (int)Math.Min(expectEveryMs * 2L, int.MaxValue);
    }

    /// <summary>Sends a heart-beat unless something waits to be sent anyway.</summary>
    public void SendHeartBeat(ReadOnlySpan<byte> bytes)
    {
        lock (this)
        {
            if (State == SessionState.Open && Outbox.IsEmpty)
            {
                Outbox.SendNow(bytes);
                AfterSend();
            }
        }

        CloseIfDead();
    }
}
