using System.Globalization;
using System.Net;

namespace FastPush.Relay.Redis;

/// <summary>
/// Reads and prints StackExchange.Redis configuration strings: <c>host:port,host:port,key=value,…</c>
/// (stackexchange.github.io/StackExchange.Redis/Configuration).
/// </summary>
public static class RedisAddress
{
    private const int Port = 6379;
    private const int SslPort = 6380;

    private enum Value
    {
        Text,
        Flag,
        Milliseconds,
        Number,
    }

    // Version 1.2.6 refuses what it does not know, so what came later must not reach it.
    private static readonly (string Key, Value Value, bool Known126)[] s_keys =
    [
        ("abortConnect", Value.Flag, true),
        ("allowAdmin", Value.Flag, true),
        ("asyncTimeout", Value.Milliseconds, false),
        ("channelPrefix", Value.Text, true),
        ("checkCertificateRevocation", Value.Flag, false),
        ("configChannel", Value.Text, true),
        ("configCheckSeconds", Value.Number, true),
        ("connectRetry", Value.Number, true),
        ("connectTimeout", Value.Milliseconds, true),
        ("defaultDatabase", Value.Number, true),
        ("heartbeatConsistencyChecks", Value.Flag, false),
        ("heartbeatInterval", Value.Milliseconds, false),
        ("highIntegrity", Value.Flag, false),
        ("keepAlive", Value.Number, true),
        ("name", Value.Text, true),
        ("password", Value.Text, true),
        ("protocol", Value.Text, false),
        ("proxy", Value.Text, true),
        ("resolveDns", Value.Flag, true),
        ("responseTimeout", Value.Milliseconds, true),
        ("serviceName", Value.Text, true),
        ("setlib", Value.Flag, false),
        ("ssl", Value.Flag, true),
        ("sslHost", Value.Text, true),
        ("sslProtocols", Value.Text, true),
        ("syncTimeout", Value.Milliseconds, true),
        ("tiebreaker", Value.Text, true),
        ("user", Value.Text, false),
        ("version", Value.Text, true),
        ("writeBuffer", Value.Number, true),
    ];

    /// <exception cref="FormatException">Says all that is wrong, without secrets.</exception>
    public static RedisEndpoints Parse(string configuration)
    {
        var faults = new List<string>();
        var endpoints = Parse(configuration, faults);
        return faults.Count == 0 ? endpoints : throw new FormatException(string.Join(' ', faults));
    }

    /// <summary>
    /// The string again, for StackExchange.Redis: without <c>user</c> and what else version 1.2.6 refuses unless
    /// <paramref name="all"/>. Holds the password.
    /// </summary>
    public static string Format(RedisEndpoints endpoints, bool all)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return string.Join(',', endpoints.EndPoints.Select(RedisEndpoints.Print).Concat(endpoints.Settings
            .Where(setting => all || Array.Exists(s_keys, known => known.Known126 && known.Key == setting.Key))
            .Select(setting => $"{setting.Key}={setting.Value}")));
    }

    private static RedisEndpoints Parse(string configuration, List<string> faults)
    {
        var hosts = new List<string>();
        var settings = new List<KeyValuePair<string, string>>();
        foreach (var part in configuration.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                hosts.Add(part);
            }
            else
            {
                AddSetting(part[..equals].Trim(), part[(equals + 1)..].Trim(), settings, faults);
            }
        }

        string? Last(string key) => settings.LastOrDefault(setting => setting.Key == key).Value;
        bool Flag(string key) => Last(key) is { } value && IsFlag(value, out var on) && on;
        var ssl = Flag("ssl");
        var endPoints = new List<EndPoint>();
        foreach (var host in hosts)
        {
            if (ToEndPoint(host, ssl ? SslPort : Port) is { } endPoint)
            {
                endPoints.Add(endPoint);
            }
            else
            {
                faults.Add($"'{host}' is not host:port.");
            }
        }

        if (hosts.Count == 0)
        {
            faults.Add("It names no host:port.");
        }

        var result = new RedisEndpoints(endPoints)
        {
            User = Last("user"),
            Password = Last("password"),
            Ssl = ssl,
            SslHost = Last("sslHost"),
            Settings = settings,
        };
        return Last("connectTimeout") is { } timeout && IsNumber(timeout, out var milliseconds)
            ? result with { ConnectTimeout = TimeSpan.FromMilliseconds(milliseconds) }
            : result;
    }

    private static void AddSetting(string key, string value, List<KeyValuePair<string, string>> settings, List<string> faults)
    {
        var known = Array.Find(s_keys, candidate => candidate.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
        if (known.Key is null)
        {
            faults.Add(key.StartsWith('$')
                ? $"'{key}' renames a command, which FastPush does not support."
                : $"Unknown key '{key}'; known are {string.Join(", ", s_keys.Select(candidate => candidate.Key))}.");
            return;
        }

        var fault = known.Value switch
        {
            Value.Flag when !IsFlag(value, out _) => "must be true or false",
            Value.Milliseconds when !IsNumber(value, out var milliseconds) || milliseconds == 0 => "must be milliseconds, 1 or more",
            Value.Number when !IsNumber(value, out _) => "must be a number, 0 or more",
            Value.Text when value.Length == 0 => "is empty",
            _ => null,
        };
        if (fault is not null)
        {
            faults.Add($"'{known.Key}' {fault}.");
            return;
        }

        settings.Add(new(known.Key, value));
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    // StackExchange.Redis reads these words too.
    private static bool IsFlag(string text, out bool on)
    {
        on = text.Equals("true", StringComparison.OrdinalIgnoreCase) || text.Equals("yes", StringComparison.OrdinalIgnoreCase)
            || text is "1" || text.Equals("on", StringComparison.OrdinalIgnoreCase);
        return on || text.Equals("false", StringComparison.OrdinalIgnoreCase) || text.Equals("no", StringComparison.OrdinalIgnoreCase)
            || text is "0" || text.Equals("off", StringComparison.OrdinalIgnoreCase);
    }

    private static EndPoint? ToEndPoint(string text, int port)
    {
        // An IPv6 address without brackets has colons of its own and no port.
        if (IPAddress.TryParse(text, out var address) && !text.StartsWith('['))
        {
            return new IPEndPoint(address, port);
        }

        var colon = text.LastIndexOf(':');
        var hasPort = colon >= 0 && !text.EndsWith(']');
        var host = hasPort ? text[..colon] : text;
        if (hasPort && (!IsNumber(text[(colon + 1)..], out port) || port is 0 or > IPEndPoint.MaxPort))
        {
            return null;
        }

        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            return IPAddress.TryParse(host.AsSpan(1, host.Length - 2), out address) ? new IPEndPoint(address, port) : null;
        }

        if (IPAddress.TryParse(host, out address))
        {
            return new IPEndPoint(address, port);
        }

        return Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, port) : null;
    }
}
