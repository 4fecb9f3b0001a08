using System.Collections.Concurrent;
using System.Text;
using FastPush.Notifications.Deliveries;
using FastPush.Protocol;
using FastPush.Protocol.Envelope;
using FastPush.Protocol.Ids;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Outcomes of messages are kept by the server that they entered by, whose id stands in the message's id: the others tell it, and ask it.
/// </summary>
internal sealed class RemoteOutcomes(Node node, ClusterNode cluster)
{
    private const int AnswerTimeoutMs = 1_000;
    private const int StateBits = 3;

    private readonly ConcurrentDictionary<long, TaskCompletionSource<IReadOnlyList<Delivery>>> _queries = [];
    private long _request;

    /// <summary>Tells the server that a message entered by what became of it.</summary>
    public void Tell(long messageId, string user, DeliveryState state)
    {
        var origin = Snowflake.ServerId(messageId);
        if (origin == cluster.ServerId)
        {
            node.Ledger.Note(messageId, user, state, node.Clock.UnixMs);
            return;
        }

        Span<byte> name = stackalloc byte[512];
        var notice = new Notice
        {
            Kind = RelayKind.Outcome,
            Number = messageId,
            At = (node.Clock.UnixMs << StateBits) | (long)state,
            A = name[..Encoding.UTF8.GetBytes(user, name)],
        };
        cluster.TrySend(origin, notice); // Known there as queued if it is lost; outcomes are no part of the delivery.
    }

    /// <summary>All recipients of a message, from the server it entered by or, when that is gone, as far as they are known here.</summary>
    public async Task<IReadOnlyList<Delivery>> FindAsync(long messageId)
    {
        var origin = Snowflake.ServerId(messageId);
        if (origin == cluster.ServerId || !cluster.IsAlive(origin))
        {
            return node.Ledger.Find(messageId);
        }

        var request = Interlocked.Increment(ref _request);
        var answer = new TaskCompletionSource<IReadOnlyList<Delivery>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queries[request] = answer;
        try
        {
            return cluster.TrySend(origin, new Notice { Kind = RelayKind.OutcomeQuery, Number = request, At = messageId })
                ? await answer.Task.WaitAsync(TimeSpan.FromMilliseconds(AnswerTimeoutMs), node.Clock.Provider)
                : node.Ledger.Find(messageId);
        }
        catch (TimeoutException)
        {
            return node.Ledger.Find(messageId);
        }
        finally
        {
            _queries.TryRemove(request, out _);
        }
    }

    public void OnNotice(in Notice notice)
    {
        switch (notice.Kind)
        {
            case RelayKind.Outcome:
                var state = (DeliveryState)(notice.At & ((1 << StateBits) - 1));
                node.Ledger.Note(notice.Number, Encoding.UTF8.GetString(notice.A), state, notice.At >> StateBits);
                break;
            case RelayKind.OutcomeQuery:
                Answer(notice.Origin, notice.Number, node.Ledger.Find(notice.At));
                break;
            default:
                if (_queries.TryRemove(notice.Number, out var query))
                {
                    query.TrySetResult(Read(notice.B));
                }

                break;
        }
    }

    private void Answer(int server, long request, IReadOnlyList<Delivery> deliveries)
    {
        var bytes = new byte[MsgPackWriter.CountHeadBytesMax + deliveries.Count * (200 * 3 + 32)];
        var writer = new MsgPackWriter(bytes);
        writer.WriteArrayHeader(deliveries.Count * 3);
        foreach (var delivery in deliveries)
        {
            writer.WriteStr(Encoding.UTF8.GetBytes(delivery.User));
            writer.WriteInt((int)delivery.State);
            writer.WriteInt(delivery.UpdatedMs);
        }

        var notice = new Notice { Kind = RelayKind.OutcomeAnswer, Number = request, B = bytes.AsSpan(0, writer.Written) };
        cluster.TrySend(server, notice); // Who asks gives up after a second.
    }

    private static List<Delivery> Read(ReadOnlySpan<byte> bytes)
    {
        var deliveries = new List<Delivery>();
        var reader = new MsgPackReader(bytes);
        if (reader.ReadArrayHeader(out var count) != ParseStatus.Done)
        {
            return deliveries;
        }

        for (var i = 0; i < count / 3; i++)
        {
            if (reader.ReadStr(out var user) != ParseStatus.Done
                || reader.ReadInt(out var state) != ParseStatus.Done
                || reader.ReadInt(out var at) != ParseStatus.Done)
            {
                break;
            }

            deliveries.Add(new Delivery(Encoding.UTF8.GetString(user), (DeliveryState)state, at));
        }

        return deliveries;
    }
}
