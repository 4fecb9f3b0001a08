using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>Puts together what comes before a subscription's live messages.</summary>
internal static class MissedMessages
{
    /// <summary>
    /// What a subscription missed of the history and what waited for it, by id, each once and with a hold: a message that waited may stand
    /// in the history too. Takes over the references.
    /// </summary>
    public static List<OfflineMessage> Merge(List<OfflineMessage>? missed, IReadOnlyList<OfflineMessage> waiting)
    {
        var merged = new List<OfflineMessage>(waiting.Count + (missed?.Count ?? 0));
        foreach (var message in waiting)
        {
            if (message.Payload.TryHoldFirst())
            {
                merged.Add(message);
            }
            else
            {
                message.Payload.Release();
            }
        }

        if (missed is null)
        {
            return merged;
        }

        var ids = new HashSet<long>(merged.Select(m => m.Payload.Id));
        foreach (var message in missed)
        {
            if (ids.Contains(message.Payload.Id))
            {
                message.Payload.Release();
                continue;
            }

            if (message.Payload.User is not null)
            {
                message.Payload.Hold();
            }

            merged.Add(message);
        }

        // What comes from the history alone stays in its order: that is where a client which resumes again will go on.
        if (ids.Count > 0)
        {
            merged.Sort(static (a, b) => a.Payload.Id.CompareTo(b.Payload.Id));
        }

        return merged;
    }
}
