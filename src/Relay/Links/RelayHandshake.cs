using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using FastPush.Protocol;
using FastPush.Relay.Redis;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>The first words on a connection: RESP3 and log-in by HELLO, one command at a time.</summary>
internal static class RelayHandshake
{
    // Long enough for CLUSTER SLOTS of a thousand nodes, and for the first line of what is not Redis.
    private const int ReplyBytesMax = 1024 * 1024;
    private const int ExcerptBytes = 60;

    /// <exception cref="RelayException">The server refuses, or is no Redis that can be used; says why.</exception>
    public static async Task<RelayServer> HelloAsync(
        RelaySocket socket, RedisEndpoints redis, string clientName, CancellationToken cancellation)
    {
        var command = redis.Password is { } password
            ? RespCommand.Encode("HELLO", "3", "AUTH", redis.User ?? "default", password, "SETNAME", clientName)
            : RespCommand.Encode("HELLO", "3", "SETNAME", clientName);
        return ReadHello(await CallAsync(socket, command, cancellation), socket.Name);
    }

    /// <summary>Sends a command and returns its whole reply; only while nothing else uses the connection.</summary>
    public static async Task<byte[]> CallAsync(RelaySocket socket, byte[] command, CancellationToken cancellation)
    {
        try
        {
            await socket.Output.WriteAsync(command, cancellation);
            return await ReadFrameAsync(socket, cancellation);
        }
        catch (OperationCanceledException fault)
        {
            throw new RelayException($"{socket.Name} accepted the connection but did not answer in time", fault);
        }
        catch (IOException fault)
        {
            throw new RelayException($"{socket.Name} ended the connection instead of an answer: {fault.Message}", fault);
        }
    }

    private static async Task<byte[]> ReadFrameAsync(RelaySocket socket, CancellationToken cancellation)
    {
        var scan = new RespScan();
        while (true)
        {
            var result = await socket.Input.ReadAsync(cancellation);
            var status = scan.TryRead(result.Buffer, ReplyBytesMax, out var length);
            if (status == ParseStatus.Done)
            {
                var frame = result.Buffer.Slice(0, length);
                var copy = frame.ToArray();
                socket.Input.AdvanceTo(frame.End);
                return copy;
            }

            if (status != ParseStatus.NeedMore)
            {
                throw new RelayException($"{socket.Name} is not a Redis server: it answers \"{Excerpt(result.Buffer)}\"");
            }

            socket.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
            {
                throw new RelayException($"{socket.Name} ended the connection instead of an answer");
            }
        }
    }

    /// <summary>What a reply to HELLO says.</summary>
    public static RelayServer ReadHello(byte[] frame, string name)
    {
        var reader = new RespReader(new ReadOnlySequence<byte>(frame));
        reader.Read();
        if (reader.IsError)
        {
            throw new RelayException(Refusal(reader.Text(), name));
        }

        if (reader.Type != RespType.Map)
        {
            throw new RelayException($"{name} answers HELLO with {reader.Type} instead of a map");
        }

        string version = "", mode = "", role = "";
        for (var pairs = reader.Number / 2; pairs > 0; pairs--)
        {
            reader.Read();
            var key = reader.Text();
            if (key is "version" or "mode" or "role")
            {
                reader.Read();
                var value = reader.Text();
                (version, mode, role) = key switch
                {
                    "version" => (value, mode, role),
                    "mode" => (version, value, role),
                    _ => (version, mode, value),
                };
            }
            else
            {
                reader.Skip();
            }
        }

        return mode == "sentinel"
            ? throw new RelayException($"{name} is a Redis Sentinel; name the servers that it watches instead")
            : new RelayServer(version, mode, role);
    }

    /// <summary>Redis' own text, with what it means here in front.</summary>
    private static string Refusal(string error, string name) => error.Split(' ')[0] switch
    {
        "WRONGPASS" => $"{name} refuses the user name or password: {error}",
        "NOAUTH" => $"{name} wants a password: {error}",
        "NOPROTO" => $"{name} does not speak RESP3, Redis 6 or later is needed: {error}",
        _ when error.Contains("unknown command", StringComparison.OrdinalIgnoreCase) =>
            $"{name} does not know HELLO, Redis 6 or later is needed: {error}",
        _ => $"{name} refuses: {error}",
    };

    /// <summary>Up to the first line end, as ASCII.</summary>
    private static string Excerpt(in ReadOnlySequence<byte> bytes)
    {
        var text = Encoding.Latin1.GetString(bytes.Slice(0, Math.Min(bytes.Length, ExcerptBytes)));
        var line = text.AsSpan(0, text.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? end : text.Length);
        return string.Concat(line.ToString().Select(character => char.IsAsciiLetterOrDigit(character) || character is >= ' ' and <= '~'
            ? character.ToString()
            : $"\\x{(int)character:x2}"));
    }
}
