using System.Buffers;
using System.IO.Pipelines;
using FastPush.Protocol;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>
/// What comes over a connection after its handshake: pushes, whose messages go to the receiver, and replies, in the order of what was
/// sent.
/// </summary>
internal sealed class RelayInput(
    RelayConnection connection, IRelayConnectionOwner owner, RelayPayload payload, RelayOptions options)
{
    private RespScan _scan;

    /// <summary>Reads until the connection ends; returns why, for people.</summary>
    public async Task<string> RunAsync(PipeReader pipe, RelayWatchdog watchdog, IRelayReceiver receiver)
    {
        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync();
                watchdog.Heard();
                var buffer = result.Buffer;
                var (delivered, fault) = Read(ref buffer);
                if (delivered)
                {
                    receiver.OnBatchEnd();
                }

                pipe.AdvanceTo(buffer.Start, buffer.End);
                watchdog.Handled();
                if (fault is not null || result.IsCompleted)
                {
                    return fault ?? "it closed the connection";
                }
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return fault.Message;
        }
    }

    /// <summary>Handles all whole frames at the start of <paramref name="buffer"/> and cuts them off.</summary>
    /// <returns>Whether messages were handed on, and what is wrong with the bytes, or null.</returns>
    public (bool Delivered, string? Fault) Read(ref ReadOnlySequence<byte> buffer)
    {
        var delivered = false;
        while (!buffer.IsEmpty)
        {
            var status = _scan.TryRead(buffer, options.FrameBytesMax, out var length);
            if (status != ParseStatus.Done)
            {
                return (delivered, status switch
                {
                    ParseStatus.NeedMore => null,
                    ParseStatus.TooLarge => $"it sent more than {options.FrameBytesMax} bytes as one reply or push",
                    _ => "it sent bytes that are not RESP3",
                });
            }

            var reader = new RespReader(buffer.Slice(0, length));
            reader.Read();
            if (reader.Type == RespType.Push)
            {
                delivered |= OnPush(ref reader);
            }
            else if (!OnReply(ref reader, buffer.Slice(0, length)))
            {
                return (delivered, $"it sent a reply that no command asked for: {reader.Text()}");
            }

            buffer = buffer.Slice(length);
        }

        return (delivered, null);
    }

    /// <summary>Pushes are <c>[kind, channel, payload or count]</c>; kinds that are not ours are passed over, as RESP3 asks for.</summary>
    private bool OnPush(ref RespReader reader)
    {
        if (reader.Number != 3)
        {
            return false;
        }

        reader.Read();
        var isMessage = reader.Is("message"u8) || reader.Is("smessage"u8);
        var isSubscribe = !isMessage && (reader.Is("subscribe"u8) || reader.Is("ssubscribe"u8));
        var isUnsubscribe = !isMessage && !isSubscribe && reader.Is("sunsubscribe"u8);
        reader.Read();
        var channel = reader.Bytes;
        if (isMessage)
        {
            reader.Read();
            payload.Deliver(reader.Bytes);
        }
        else if (isSubscribe && connection.TryTakeSubscription(channel, out var name))
        {
            owner.OnSubscribed(connection, name);
        }
        else if (isUnsubscribe)
        {
            owner.OnUnsubscribed(connection, reader.Text());
        }

        return isMessage;
    }

    private bool OnReply(ref RespReader reader, in ReadOnlySequence<byte> frame)
    {
        if (!connection.TryTakeReply(out var reply))
        {
            return false;
        }

        if (reply.Batch is { } batch)
        {
            if (reader.Type == RespType.Integer && reader.Number > 0)
            {
                batch.Lane!.Settle(batch);
            }
            else if (reader.IsError)
            {
                owner.OnPublishRefused(connection, batch, reader.Text());
            }
            else
            {
                owner.OnUndelivered(batch);
            }
        }
        else if (reply.Command!.Channel is { } channel)
        {
            // A subscription is confirmed by a push; a reply can only be an error.
            owner.OnSubscribeRefused(connection, channel, reader.Text());
        }
        else
        {
            reply.Command.Answer(frame.ToArray());
        }

        return true;
    }
}
