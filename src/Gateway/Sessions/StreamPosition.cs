using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
using FastPush.Protocol.Sse;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Where the reader of an event stream with several destinations stands in each of them, for the ids of its events. Destinations that had
/// an event lately, or for which one waits, are named in an id; of all others the reader has seen what is older than a moment. Under the
/// session's lock.
/// </summary>
internal sealed class StreamPosition(Node node, int destinations)
{
    /// <summary>Up to so many destinations an id names all of them, so that it tells which were in the stream.</summary>
    public const int Complete = 32;

    // How long a message may take from its id to its history: on one node other threads, in a cluster the relay.
    private const int AloneMs = 2_000;

    // Those that may have to be named, the one with the latest event first.
    private StreamPlace? _first;

    // What was published up to here has come, wherever it was.
    private long SinceId
    {
        get
        {
            var windowMs = node.Cluster is null ? AloneMs : CaughtUp.WindowMs;
            return Math.Max(Snowflake.FirstId(node.Clock.UnixMs - windowMs), node.Topics.Forgotten.UnknownTo + 1);
        }
    }

    /// <summary>Length of an id, at most.</summary>
    public int BytesMax => EventPositionWriter.TextBytesMax(destinations);

    /// <summary>A destination of the stream.</summary>
    public StreamPlace Add(ReadOnlySpan<byte> key)
    {
        var place = new StreamPlace(EventPosition.Hash(key));
        PutFirst(place);
        return place;
    }

    /// <summary>
    /// Where the reader of a topic stands that begins live: it has seen all that was published. Of other servers' messages that is not
    /// known here, so what is on its way may count as missed. Under the topic's lock.
    /// </summary>
    public long LiveFrom(Topic topic)
    {
        return node.Cluster is not null ? Math.Max(topic.LastId, SinceId)
            : topic.LastId != 0 ? topic.LastId
            : Math.Max(topic.Past.NewestId + 1, SinceId);
    }

    /// <summary>A message waits for the subscription: it has to be named until that is sent.</summary>
    public void Touch(StreamPlace place)
    {
        if (!place.IsListed)
        {
            PutFirst(place);
        }
    }

    /// <summary>The id of an event. A repetition of an older message takes the reader back nowhere.</summary>
    public int Write(Span<byte> destination, Subscription subscription, Payload payload, bool redelivered)
    {
        var own = subscription.Place!;
        if (!redelivered || payload.Id > own.LastId)
        {
            own.LastId = payload.Id;
            own.PublishedId = payload.PublishedId;
        }

        if (!ReferenceEquals(_first, own))
        {
            Remove(own);
            PutFirst(own);
        }

        var sinceId = SinceId;
        Span<byte> buffer = stackalloc byte[EventPositionWriter.BytesMax(destinations)];
        var writer = new EventPositionWriter(buffer, payload.Id);
        writer.Begin(Forget(sinceId), destinations <= Complete);
        var named = 0;
        for (var place = _first; place is not null && named < EventPositionWriter.PlacesMax; place = place.Next, named++)
        {
            // What is shared forgets old messages; a node knows its own for longer.
            var isOld = node.Cluster is not null && place.IsQuietSince(sinceId);
            writer.Add(place.Destination, isOld ? sinceId : place.LastId);
        }

        return writer.End(destination);
    }

    // Lets go of those that need not be named, and returns up to where all that are not named were seen.
    private long Forget(long sinceId)
    {
        var baseId = sinceId;
        var named = 0;
        for (var place = _first; place is not null;)
        {
            var next = place.Next;
            if (destinations > Complete && place.IsQuietSince(sinceId))
            {
                Remove(place);
            }
            else if (++named > EventPositionWriter.PlacesMax && place.IsPending)
            {
                baseId = Math.Min(baseId, place.LastId); // There is no room for it: others get some twice, but it misses nothing.
            }

            place = next;
        }

        return baseId;
    }

    private void PutFirst(StreamPlace place)
    {
        place.Next = _first;
        place.Before = null;
        place.IsListed = true;
        if (_first is not null)
        {
            _first.Before = place;
        }

        _first = place;
    }

    private void Remove(StreamPlace place)
    {
        if (!place.IsListed)
        {
            return;
        }

        if (place.Before is null)
        {
            _first = place.Next;
        }
        else
        {
            place.Before.Next = place.Next;
        }

        if (place.Next is not null)
        {
            place.Next.Before = place.Before;
        }

        (place.Before, place.Next, place.IsListed) = (null, null, false);
    }
}
