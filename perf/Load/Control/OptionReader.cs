using System.Globalization;
using System.Net;

namespace FastPush.Load.Control;

/// <summary>A wrong command line; the message says what is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Reads <c>SCENARIO --name value …</c>. What is unknown is an error.</summary>
internal static class OptionReader
{
    private const string Places = "{n}";

    private static readonly HashSet<string> s_flags = ["no-token"];

    /// <summary>Each name with what it sets; the text is the help.</summary>
    private static readonly (string Name, string Help, Func<LoadOptions, string, LoadOptions> Set)[] s_options =
    [
        ("url", "ws://HOST:PORT/PATH of the server; repeat for several, process k uses the k-th (ws://127.0.0.1:8080/stomp); idle: wss too", AddTarget),
        ("publish-url", "ws://HOST:PORT/PATH for publishers; without it where the subscribers are", (o, v) => o with { PublishTarget = ToTarget(v) }),
        ("redis", "redis://HOST:PORT that the servers share: relay counts its commands", (o, v) => o with { Redis = ToTarget(v) }),
        ("shape", "relay: topic, direct or groups", (o, v) => Scenarios.Shape(o, Choice(v, Scenarios.Shapes))),
        ("connections", "subscribers in total", (o, v) => o with { Connections = Whole(v, 1) }),
        ("publishers", "publishing connections, per process", (o, v) => o with { Publishers = Whole(v, 1, 1000) }),
        ("topics", "fanout: topics the subscribers share out", (o, v) => o with { Topics = Whole(v, 1) }),
        ("size", "payload bytes, at least 38", (o, v) => o with { Size = Whole(v, Measuring.Mark.Bytes, 1 << 20) }),
        ("rate", "messages/s in total, 0 = closed loop", (o, v) => o with { Rate = Number(v) }),
        ("window", "closed loop: messages on their way", (o, v) => o with { Window = Whole(v, 1) }),
        ("duration", "seconds measured", (o, v) => o with { DurationSeconds = Number(v) }),
        ("prewarm", "seconds of closed loop with few connections before all else", (o, v) => o with { PrewarmSeconds = Number(v) }),
        ("warmup", "seconds of traffic before", (o, v) => o with { WarmupSeconds = Number(v) }),
        ("settle", "seconds between connecting and traffic", (o, v) => o with { SettleSeconds = Number(v) }),
        ("drain", "longest wait for stragglers, seconds", (o, v) => o with { DrainSeconds = Number(v) }),
        ("processes", "load processes", (o, v) => o with { Processes = Whole(v, 1, 64) }),
        ("sources", "source addresses 127.0.0.2.., 0 = the kernel's choice", (o, v) => o with { Sources = Whole(v, 0, 250) }),
        ("connect-rate", "connections/s, 0 = as fast as --in-flight lets", (o, v) => o with { ConnectRate = Number(v) }),
        ("in-flight", "handshakes at once, per process", (o, v) => o with { InFlight = Whole(v, 1) }),
        ("connect-timeout", "seconds for one connection to be subscribed", (o, v) => o with { ConnectTimeoutSeconds = Number(v) }),
        ("transport", "subscribers: stomp or sse", (o, v) => o with { SubscribeBySse = Choice(v, "stomp", "sse") == "sse" }),
        ("publish", "publishers: stomp or http", (o, v) => o with { PublishByHttp = Choice(v, "stomp", "http") == "http" }),
        ("keys", "folder of key and tokens, as made by 'keys'", (o, v) => o with { KeyFolder = v }),
        ("no-token", "send no token", (o, _) => o with { KeyFolder = null }),
        ("destination", "where subscribers listen: topics of fanout, own ones else; {n} = number", SetDestination),
        ("send-to", "own destinations' name for publishers, {n} = number", (o, v) => o with { OwnSendTo = WithPlace(v) }),
        ("group-destination", "groups' name, {n} = number", (o, v) => o with { GroupDestination = WithPlace(v) }),
        ("heart-beat", "ms of both sides, 0 = none", (o, v) => o with { HeartBeatMs = Whole(v, 0) }),
        ("ack", "auto, client or client-individual", (o, v) => o with { AckMode = Choice(v, "auto", "client", "client-individual") }),
        ("prefetch", "ACK window asked for", (o, v) => o with { Prefetch = Whole(v, 1) }),
        ("slow-every", "one subscriber in so many does not read, 0 = none", (o, v) => o with { SlowEvery = Whole(v, 0) }),
        ("slow-bytes", "what a slow one reads a second, 0 = nothing", (o, v) => o with { SlowBytesPerSecond = Whole(v, 0) }),
        ("observers", "storm: subscribers per server that stay and are measured", (o, v) => o with { Observers = Whole(v, 1) }),
        ("observer-rate", "storm: messages/s to them, in total", (o, v) => o with { ObserverRate = Number(v) }),
        ("server-pid", "processes to account for, with commas; auto = who listens there, none", SetPids),
        ("json", "file for the result", (o, v) => o with { JsonPath = v }),
        ("label", "what this run is called in reports", (o, v) => o with { Label = v }),
    ];

    public static string Help => string.Concat(s_options.Select(o => $"  --{o.Name,-18}{o.Help}\n"));

    /// <exception cref="UsageException">An unknown option or a value that it cannot have.</exception>
    public static LoadOptions Read(LoadOptions defaults, IReadOnlyList<string> arguments)
    {
        var options = defaults;
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : "";
            var option = Array.Find(s_options, o => o.Name == name);
            if (option.Set is null)
            {
                throw new UsageException($"'{arguments[i]}' is no option; --help lists them");
            }

            var value = "";
            if (!s_flags.Contains(name))
            {
                value = ++i < arguments.Count ? arguments[i] : throw new UsageException($"--{name} needs a value");
            }

            try
            {
                options = option.Set(options, value);
            }
            catch (FormatException e)
            {
                throw new UsageException($"--{name} {value}: {e.Message}");
            }
        }

        return Check(options.Targets.Count > 0 ? options : AddTarget(options, "ws://127.0.0.1:8080/stomp"));
    }

    private static LoadOptions Check(LoadOptions o)
    {
        if (o.Processes < o.Targets.Count)
        {
            throw new UsageException($"{o.Targets.Count} servers need at least as many --processes: each has one");
        }

        if (o.Redis is not null && o.PublishTarget is null)
        {
            throw new UsageException("--redis is for the scenario relay and needs --publish-url");
        }

        if (o.Pattern == Pattern.Shared && o.Topics > o.Connections)
        {
            throw new UsageException("more --topics than --connections");
        }

        if (o.SubscribeBySse && (o.AckMode != "auto" || o.HeartBeatMs > 0))
        {
            throw new UsageException("event streams know neither --ack nor --heart-beat");
        }

        if (o.UsesTls && (o.HasTraffic || o.SubscribeBySse || o.HeartBeatMs > 0 || o.Targets.Count > 1 || o.Processes > 1 || o.Sources > 0))
        {
            throw new UsageException("wss:// is for the scenario idle: one server, one process, no --heart-beat, --sources, --transport sse");
        }

        return o;
    }

    private static LoadOptions AddTarget(LoadOptions options, string url) =>
        options with { Targets = [.. options.Targets, ToTarget(url)] };

    private static Target ToTarget(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("ws" or "http" or "wss" or "redis"))
        {
            throw new FormatException("must be ws://HOST:PORT/PATH, or wss://");
        }

        var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host;
        if (!IPAddress.TryParse(host, out var address) || address.GetAddressBytes() is not { Length: 4 } bytes)
        {
            throw new FormatException("the host must be an IPv4 address or localhost");
        }

        var number = ((uint)bytes[0] << 24) | ((uint)bytes[1] << 16) | ((uint)bytes[2] << 8) | bytes[3];
        return new Target(number, (ushort)uri.Port, uri.PathAndQuery, uri.Authority, IsTls: uri.Scheme == "wss");
    }

    private static LoadOptions SetDestination(LoadOptions options, string value) => options.Pattern == Pattern.Shared
        ? options with { SharedDestination = value }
        : options with { OwnDestination = value };

    private static LoadOptions SetPids(LoadOptions options, string value) => value switch
    {
        "auto" => options with { ServerPids = null },
        "none" => options with { ServerPids = [] },
        _ => options with { ServerPids = [.. value.Split(',').Select(pid => Whole(pid, 1))] },
    };

    private static string WithPlace(string value) =>
        value.Contains(Places, StringComparison.Ordinal) ? value : throw new FormatException("holds no {n}");

    private static string Choice(string value, params string[] known) =>
        known.Contains(value) ? value : throw new FormatException($"must be one of {string.Join(", ", known)}");

    internal static int Whole(string value, int least, int most = int.MaxValue) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"must be a whole number from {least} to {most}");

    private static double Number(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException("must be a number, 0 or more");
}
