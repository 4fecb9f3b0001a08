using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Messages that were accepted for clients of this node while the store was away, until it is back. Owns a reference of each; bounded by
/// the memory for messages.
/// </summary>
internal sealed class UnstoredMessages
{
    // From so many on it looks for those that are settled by now.
    private const int LookAt = 1_024;

    private readonly List<(Topic Topic, Payload Payload)> _messages = [];
    private int _lookAt = LookAt;

    /// <summary>Takes a reference of its own.</summary>
    public void Add(Topic topic, Payload payload)
    {
        payload.AddRef();
        lock (_messages)
        {
            _messages.Add((topic, payload));
            if (_messages.Count >= _lookAt)
            {
                _messages.RemoveAll(IsOver);
                _lookAt = Math.Max(LookAt, 2 * _messages.Count);
            }
        }
    }

    /// <summary>Lets go of those that are settled by now; false when none is left.</summary>
    public bool Trim()
    {
        lock (_messages)
        {
            _messages.RemoveAll(IsOver);
            return _messages.Count > 0;
        }
    }

    /// <summary>Those that are not settled, up to this id, in the order they came, with their references.</summary>
    public List<(Topic Topic, Payload Payload)> Take(long upTo)
    {
        lock (_messages)
        {
            _messages.RemoveAll(IsOver);
            var taken = _messages.FindAll(message => message.Payload.Id <= upTo);
            _messages.RemoveAll(message => message.Payload.Id <= upTo);
            _lookAt = Math.Max(LookAt, 2 * _messages.Count);
            return taken;
        }
    }

    // Lets go of it if so.
    private static bool IsOver((Topic Topic, Payload Payload) message)
    {
        if (message.Payload.Settlement == Settlement.Open)
        {
            return false;
        }

        message.Payload.Release();
        return true;
    }
}
