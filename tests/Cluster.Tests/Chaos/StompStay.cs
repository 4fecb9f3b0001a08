using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// Reads one STOMP connection and answers as clients do: mostly with ACK and a receipt, sometimes without one, with NACK, late, or never.
/// </summary>
internal sealed class StompStay(Journal journal, Stay stay, StompClient client, Random random, Action<long> saw)
{
    private readonly List<ServerFrame> _held = [];
    private readonly List<Task> _asked = [];

    /// <summary>Reads and answers until the time is over.</summary>
    /// <exception cref="ConnectionEndedException">The connection ended first.</exception>
    public async Task ReadAsync(CancellationToken end)
    {
        try
        {
            while (await client.Messages.WaitToReadAsync(end))
            {
                while (client.Messages.TryRead(out var frame))
                {
                    Note(frame);
                    if (frame["ack"].Length > 0)
                    {
                        await AnswerAsync(frame);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return;
        }

        throw new ConnectionEndedException("the connection ended");
    }

    /// <summary>Acknowledges all with receipts, until the time is over.</summary>
    public async Task AcknowledgeAllAsync(CancellationToken end)
    {
        try
        {
            while (await client.Messages.WaitToReadAsync(end))
            {
                while (client.Messages.TryRead(out var frame))
                {
                    Note(frame);
                    _asked.Add(AcknowledgeAsync(frame));
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            await Task.WhenAll(_asked);
        }
    }

    /// <summary>Acknowledges what it held back.</summary>
    public async Task AnswerHeldAsync()
    {
        foreach (var frame in _held)
        {
            _asked.Add(AcknowledgeAsync(frame));
        }

        _held.Clear();
        await Task.WhenAll(_asked).WaitAsync(Broken.Patience);
    }

    /// <summary>The connection breaks, if it has not; all that had come is noted.</summary>
    public async Task EndAsync()
    {
        client.Abort();
        await client.Ended;
        await Task.WhenAll(_asked);
        while (client.Messages.TryRead(out var frame))
        {
            Note(frame);
        }
    }

    private static long Id(ServerFrame frame) => long.Parse(frame["message-id"], CultureInfo.InvariantCulture);

    private async Task AnswerAsync(ServerFrame frame)
    {
        switch (random.Next(100))
        {
            case < 60:
                _asked.Add(AcknowledgeAsync(frame));
                break;
            case < 75:
                journal.Note(frame.Body, $"ACK without a receipt by {stay.Name}");
                await client.AckAsync(frame);
                break;
            case < 85:
                journal.Note(frame.Body, $"NACK by {stay.Name}");
                await client.SendFrameAsync($"NACK\nid:{frame["ack"]}\n\n");
                break;
            default:
                _held.Add(frame);
                break;
        }
    }

    private async Task AcknowledgeAsync(ServerFrame frame)
    {
        try
        {
            await client.AckedAsync(frame);
            journal.Acked(stay, frame.Body, Id(frame));
        }
        catch (Exception e) when (Broken.Is(e))
        {
            journal.Note(frame.Body, $"no RECEIPT of its ACK: {e.Message}");
        }
    }

    private void Note(ServerFrame frame)
    {
        saw(Id(frame));
        journal.Came(stay, frame.Body, Id(frame), frame["redelivered"] == "true");
    }
}
