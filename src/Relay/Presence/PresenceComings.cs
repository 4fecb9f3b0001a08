using FastPush.Relay.Redis;

namespace FastPush.Relay.Presence;

/// <summary>
/// Sessions whose coming still waits to be written: one that ends meanwhile takes that back, so that who comes and goes while Redis is slow
/// or away has one change waiting, when they left last, and not two for each time.
/// </summary>
internal sealed class PresenceComings
{
    private readonly Dictionary<long, (PresenceWrite Write, WritePlace Place)> _waiting = [];

    // By user, the last going of a session that was never written.
    private readonly Dictionary<string, (PresenceWrite Write, WritePlace Place)> _goings = new(StringComparer.Ordinal);

    /// <summary>A session begins.</summary>
    public void Add(WriteBehind<PresenceWrite> writer, PresenceWrite coming)
    {
        lock (_waiting)
        {
            if (writer.Place(coming) is { } place)
            {
                _waiting[coming.Session] = (coming, place);
            }
        }
    }

    /// <summary>It ends.</summary>
    public void End(WriteBehind<PresenceWrite> writer, PresenceWrite going)
    {
        lock (_waiting)
        {
            var wasWritten = !_waiting.Remove(going.Session, out var coming) || !writer.TryWithdraw(coming.Write, coming.Place);
            if (!wasWritten && _goings.Remove(going.User, out var before))
            {
                writer.TryWithdraw(before.Write, before.Place);
            }

            if (writer.Place(going) is { } place && !wasWritten)
            {
                _goings[going.User] = (going, place);
            }
        }
    }

    /// <summary>A write is done, or never will be.</summary>
    public void Done(PresenceWrite write)
    {
        lock (_waiting)
        {
            if (write.Kind == PresenceWriteKind.Connect)
            {
                _waiting.Remove(write.Session);
            }
            else if (_goings.TryGetValue(write.User, out var going) && going.Write == write)
            {
                _goings.Remove(write.User);
            }
        }
    }
}
