using System.Buffers;
using System.Text;

namespace FastPush.Relay.Links;

/// <summary>What the next reply of a connection is about: a batch or a command.</summary>
internal readonly record struct PendingReply(RelayBatch? Batch, RelayCommand? Command);

/// <summary>What the replies to come are about, in order: the writer adds, the reader takes.</summary>
internal sealed class PendingReplies(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingReply> _replies = new(capacity);
    private long _taken;

    /// <summary>Replies so far, and whether more are waited for.</summary>
    public (long Taken, bool Waiting) State
    {
        get
        {
            lock (_gate)
            {
                return (_taken, _replies.Count > 0);
            }
        }
    }

    public void Add(PendingReply reply)
    {
        lock (_gate)
        {
            _replies.Enqueue(reply);
        }
    }

    /// <summary>False if nothing was asked.</summary>
    public bool TryTake(out PendingReply reply)
    {
        lock (_gate)
        {
            if (!_replies.TryDequeue(out reply))
            {
                return false;
            }

            _taken++;
            return true;
        }
    }

    /// <summary>Takes the next if it is about the subscription of this channel.</summary>
    public bool TryTakeSubscription(in ReadOnlySequence<byte> channel, out string name)
    {
        lock (_gate)
        {
            name = "";
            if (!_replies.TryPeek(out var reply) || reply.Command?.Channel is not { } expected || channel.Length != expected.Length
                || Encoding.UTF8.GetString(channel) != expected)
            {
                return false;
            }

            _replies.Dequeue();
            _taken++;
            name = expected;
            return true;
        }
    }

    public PendingReply[] TakeAll()
    {
        lock (_gate)
        {
            PendingReply[] all = [.. _replies];
            _replies.Clear();
            return all;
        }
    }
}
