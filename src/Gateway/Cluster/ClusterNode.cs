using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Notifications.Deliveries;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// This server's place among the others: sends messages and notices to them, and does what theirs ask. Exists from the moment the
/// server id is known.
/// </summary>
internal sealed partial class ClusterNode : IRelayReceiver
{
    private readonly Node _node;
    private readonly IUserQueues _queues;
    private readonly Func<int, bool> _isAlive;
    private readonly Func<bool> _hasLease;
    private readonly WaitingNotices _waiting;

    public ClusterNode(
        Node node, int serverId, IUserQueues queues, ITopicStore topics, FleetKeys keys, Func<int, bool> isAlive, Func<bool> hasLease)
    {
        Keys = keys;
        _hasLease = hasLease;
        _node = node;
        _queues = queues;
        _isAlive = isAlive;
        ServerId = serverId;
        _waiting = new WaitingNotices(this);
        Users = new UserRelay(node, this, queues);
        Topics = new TopicRelay(node, this, topics);
        TopicStore = topics;
        Outcomes = new RemoteOutcomes(node, this);
        Repair = new Repair(node, this);
        Starved = new StarvedQueues(node);
        queues.OutOfMemory += Starved.Add;
    }

    public int ServerId { get; }

    /// <summary>Set once, before anything is sent.</summary>
    public IRelay? Relay { get; set; }

    public UserRelay Users { get; }

    public TopicRelay Topics { get; }

    public ITopicStore TopicStore { get; }

    public IUserQueues Queues => _queues;

    public FleetKeys Keys { get; }

    public RemoteOutcomes Outcomes { get; }

    public Repair Repair { get; }

    public StarvedQueues Starved { get; }

    /// <summary>The server id is this server's for certain, so ids may be made with it.</summary>
    public bool HasLease => _hasLease();

    /// <summary>A server whose heart-beat is in time.</summary>
    public bool IsAlive(int server) => _isAlive(server);

    /// <summary>Sends a message to a server that wants it. False when it was not taken.</summary>
    public bool TrySend(int server, ReadOnlySpan<byte> key, Payload payload)
    {
        var buffer = Scratch.Take(1 + PayloadEnvelope.SizeMax(payload));
        buffer[0] = (byte)RelayKind.Message;
        var length = 1 + PayloadEnvelope.Write(buffer.AsSpan(1), ServerId, key, payload);
        var sent = Relay is { } relay && relay.TryPublish(server, Hash(key), buffer.AsSpan(0, length));
        Scratch.Give(buffer);
        return sent;
    }

    /// <summary>Sends a notice. False when it was not taken.</summary>
    public bool TrySend(int server, Notice notice)
    {
        notice = new Notice { Kind = notice.Kind, Origin = ServerId, Number = notice.Number, At = notice.At, A = notice.A, B = notice.B };
        var buffer = Scratch.Take(notice.Size);
        var length = notice.Write(buffer);
        var sent = Relay is { } relay && relay.TryPublish(server, Hash(notice.A), buffer.AsSpan(0, length));
        Scratch.Give(buffer);
        return sent;
    }

    /// <summary>
    /// The state of a message to a user changed here. A final one ends its life in the store; <paramref name="acceptance"/> is told then.
    /// </summary>
    public void Noted(Payload payload, DeliveryState state, IAcceptance? acceptance = null)
    {
        if (acceptance is not null)
        {
            Settle(payload, acceptance);
        }
        else if (payload.Settlement != Settlement.Open)
        {
            _queues.Settle(payload);
        }

        Outcomes.Tell(payload.Id, payload.User!, state);
    }

    // Apart from Noted, which would else make the closure's object for each message.
    private void Settle(Payload payload, IAcceptance acceptance)
    {
        acceptance.Expect();
        _queues.Settle(payload, fault => acceptance.End(fault?.Message));
    }

    /// <summary>A client acknowledged what was over already; <paramref name="acceptance"/> is told when the store knows that.</summary>
    public void AckedAgain(string user, IAcceptance acceptance)
    {
        acceptance.Expect();
        _queues.AfterChanges(user, fault => acceptance.End(fault?.Message));
    }

    /// <summary>A message had to leave a user's full queue.</summary>
    public void Overflowed(string user, long id)
    {
        _node.Metrics.Failed(FailureKind.OfflineFull);
        Outcomes.Tell(id, user, DeliveryState.Dead);
    }

    /// <summary>Messages wait in a queue that other servers hold.</summary>
    public void TellWaiting(string user, string queue, int[] servers)
    {
        foreach (var server in servers)
        {
            if (server == ServerId)
            {
                _node.Redelivery.Offer(user, queue);
            }
            else
            {
                _waiting.Tell(server, user, queue);
            }
        }
    }

    /// <summary>
    /// Leaves and forgets topics that are over here, so that they are no longer relayed here, and tells what could not be told before.
    /// Called from time to time.
    /// </summary>
    public void Sweep()
    {
        _waiting.TellAgain();
        Topics.Sweep();
        Users.Sweep();
    }

    // FNV-1a: the same for all messages of one user or topic, which is all that order needs.
    private static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = 2166136261u;
        foreach (var b in key)
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }
}
