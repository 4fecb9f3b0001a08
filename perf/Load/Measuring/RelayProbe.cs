using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FastPush.Load.Control;
using FastPush.Load.Engine;

namespace FastPush.Load.Measuring;

/// <summary>
/// Two gateways and their Redis at one moment: CPU seconds of each, commands that Redis has done by their names (those inside scripts
/// too), and what the subscribers' gateway allocated and took from the relay.
/// </summary>
internal sealed record RelaySample(
    double At,
    double PublisherCpu,
    double SubscriberCpu,
    double RedisCpu,
    long Commands,
    IReadOnlyDictionary<string, long> CommandsByName,
    long AllocatedBytes,
    long Relayed);

/// <summary>Reads <see cref="RelaySample"/>s; the processes are found by their ports on this machine.</summary>
internal sealed class RelayProbe : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new() { Timeout = s_timeout };
    private readonly Target _redis;
    private readonly Uri _metrics;
    private readonly Uri[] _ready;
    private readonly int _publisherPid;
    private readonly int _subscriberPid;
    private readonly int _redisPid;

    /// <exception cref="IOException">One of the three does not run here.</exception>
    public RelayProbe(Target publishers, Target subscribers, Target redis)
    {
        _redis = redis;
        _metrics = new Uri($"http://{subscribers.Host}/metrics");
        _ready = [new Uri($"http://{publishers.Host}/health/ready"), new Uri($"http://{subscribers.Host}/health/ready")];
        _publisherPid = PidOf(publishers);
        _subscriberPid = PidOf(subscribers);
        _redisPid = PidOf(redis);
    }

    /// <summary>A gateway listens before it has joined the others, and refuses clients until then.</summary>
    /// <exception cref="IOException">One did not get ready in time.</exception>
    public async Task WaitUntilReadyAsync()
    {
        var deadline = MonotonicClock.Now + MonotonicClock.FromSeconds(s_startTime.TotalSeconds);
        foreach (var gateway in _ready)
        {
            while (true)
            {
                using var answer = await _http.GetAsync(gateway);
                if (answer.IsSuccessStatusCode)
                {
                    break;
                }

                if (MonotonicClock.Now > deadline)
                {
                    throw new IOException($"{gateway} did not become ready: {await answer.Content.ReadAsStringAsync()}");
                }

                await Task.Delay(s_pause);
            }
        }
    }

    public async Task<RelaySample> SampleAsync()
    {
        var at = MonotonicClock.Now / 1e9;
        var (publisher, subscriber, redis) = (CpuOf(_publisherPid), CpuOf(_subscriberPid), CpuOf(_redisPid));
        var info = await InfoAsync();
        var page = await _http.GetStringAsync(_metrics);
        return new RelaySample(
            at,
            publisher,
            subscriber,
            redis,
            Number(info, "total_commands_processed:"),
            CommandsOf(info),
            Number(page, "dotnet_gc_allocated_bytes_total "),
            Number(page, "push_relay_received_total "));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Calls by command of Redis's lines <c>cmdstat_NAME:calls=N,…</c>.</summary>
    public static Dictionary<string, long> CommandsOf(string info)
    {
        const string Prefix = "cmdstat_";
        const string Calls = ":calls=";
        var commands = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in info.Split('\n'))
        {
            var calls = line.IndexOf(Calls, StringComparison.Ordinal);
            if (calls > 0 && line.StartsWith(Prefix, StringComparison.Ordinal))
            {
                commands[line[Prefix.Length..calls]] = Number(line, Calls);
            }
        }

        return commands;
    }

    private static long Number(string text, string before)
    {
        var from = text.IndexOf(before, StringComparison.Ordinal);

        // A page has a line of help before the figure, which begins with a hash.
        while (from > 0 && text[from - 1] is not '\n' && before[0] != ':')
        {
            from = text.IndexOf(before, from + 1, StringComparison.Ordinal);
        }

        if (from < 0)
        {
            throw new IOException($"there is no '{before.Trim(':', '=', ' ')}' in what a server said about itself");
        }

        from += before.Length;
        var end = from;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return long.Parse(text.AsSpan(from, end - from), CultureInfo.InvariantCulture);
    }

    // A connection for each question: one that is kept would count as the gateways'.
    private async Task<string> InfoAsync()
    {
        using var late = new CancellationTokenSource(s_timeout);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(_redis.Host.Split(':')[0], _redis.Port, late.Token);
            var stream = client.GetStream();
            await stream.WriteAsync("INFO stats commandstats\r\n"u8.ToArray(), late.Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            var head = await reader.ReadLineAsync(late.Token) ?? "";
            if (!head.StartsWith('$'))
            {
                throw new IOException($"Redis did not say what it counts: {head}");
            }

            var text = new char[int.Parse(head.AsSpan(1), CultureInfo.InvariantCulture)];
            await reader.ReadBlockAsync(text, late.Token);
            return new string(text);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            throw new IOException($"Redis at {_redis.Host} did not answer: {e.Message}", e);
        }
    }

    private static int PidOf(Target target) => Listeners.Find([target.Port]) is [var pid]
        ? pid
        : throw new IOException($"nothing of this machine listens on port {target.Port}, and relay measures each process");

    private static double CpuOf(int pid) =>
        ClientNative.ProcessCpuSeconds(pid) ?? throw new IOException($"process {pid} is gone");
}
