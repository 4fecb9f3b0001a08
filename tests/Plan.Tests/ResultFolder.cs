using FastPush.Plan.Reporting;
using FastPush.Plan.Results;

namespace FastPush.Plan.Tests;

/// <summary>
/// A folder of results of a server whose constants are: send 4 us, message 0.4 us, 12 coalesced, publish 50 us at 1,000/s and 20 us at
/// 10,000/s, connect 90 us, idle 0.5 us/s, heart-beat 10 us.
/// </summary>
internal sealed class ResultFolder : IDisposable
{
    public const string Conditions = """
        { "date": "2026-01-02", "commit": "0123456789abcdef",
          "machine": { "cpuModel": "Test CPU", "cores": 4, "memoryBytes": 8000000000, "kernel": "6.1" },
          "notes": ["server on core 0"], "commands": ["make it so"] }
        """;

    public ResultFolder() => Path = Directory.CreateTempSubdirectory("fastpush-plan-").FullName;

    public string Path { get; }

    public string Output => System.IO.Path.Combine(Path, "out");

    public static ResultFolder Full()
    {
        var folder = new ResultFolder();
        folder.Write("conditions.json", Conditions);
        folder.Write("fanout.jsonl",
            Traffic("fastpush", "fanout", 1000, 50, 0, 0.89, 1) + Traffic("floor", "fanout", 1000, 50, 0, 0.712, 1)
            + Traffic("fastpush", "fanout", 1000, 50, 0, 0.89, 1) + Traffic("floor", "fanout", 1000, 50, 0, 0.801, 1)
            + Traffic("fastpush", "fanout", 1000, 50, 0, 0.89, 1) + Traffic("floor", "fanout", 1000, 50, 0, 0.89, 1)
            + Traffic("fastpush", "fanout", 1000, 1000, 16, 4 * 0.7833333333, 12));
        folder.Write("direct.jsonl",
            Traffic("fastpush", "direct", 2000, 1000, 0, 4 * 0.0544, 1) + Traffic("fastpush", "direct", 2000, 10_000, 0, 4 * 0.244, 1));
        folder.Write("idle.jsonl", Idle(0, 0.02) + Idle(25_000, 0.036));
        folder.Write("validation.jsonl", Traffic("fastpush", "fanout", 300, 100, 0, 4 * 0.14, 1));
        return folder;
    }

    /// <summary>
    /// A line of wsload about four seconds; <paramref name="window"/> above 0 makes it a closed loop. <paramref name="delivered"/> is the
    /// share of what was due, <paramref name="extra"/> what scripts/report.sh adds.
    /// </summary>
    public static string Traffic(
        string label, string mode, int n, int rate, int window, double cpu, double perReceive, double delivered = 1, string extra = "")
    {
        var sent = rate * 4;
        var deliveries = sent * (mode == "fanout" ? n : 1) * delivered;
        return FormattableString.Invariant($$"""
            {{{extra}}"tool":"wsload","mode":"{{mode}}","proto":"stomp","label":"{{label}}","n":{{n}},"conn_ok":{{n}},"conn_failed":0,
             "dropped":0,"wall_s":4,
             "pubs":1,"size":128,"rate":{{(window > 0 ? 0 : rate)}},"window":{{(window > 0 ? window : 16)}},"sent":{{sent}},
             "deliveries":{{deliveries}},
             "per_recv":{{perReceive}},"wire_bytes":278,"lost":0,"dup":0,"ooo":0,"misrouted":0,
             "lat_p50_us":100,"lat_p90_us":200,"lat_p99_us":500,
             "lat_p999_us":900,"lat_max_us":1500,"server_cpu_s":{{cpu}},"deliveries_per_cpu_s":{{deliveries / cpu}},"other_cpu_s":0.1}

            """);
    }

    public void Write(string name, string text) => File.WriteAllText(System.IO.Path.Combine(Path, name), text);

    public ReportDocument Build()
    {
        var (conditions, runs) = RunReader.ReadFolder(Path);
        return ReportBuilder.Build(conditions, runs, "fastpush", "floor");
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Idle(int heartBeatMs, double cpu) => FormattableString.Invariant($$"""
        {"tool":"wsload","heartbeat_ms":{{heartBeatMs}},"tokens":true,"mode":"idle","label":"fastpush","n":10000,"conn_ok":10000,
         "conn_failed":0,"dropped":0,
         "conn_rate":7000,"wall_s":4,"server_cpu_connect_s":0.9,"server_cpu_s":{{cpu}},"pss_before":60000000,"pss_per_conn":4100,
         "slab_per_conn":9600,"other_cpu_s":0}

        """);
}
