using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FastPush.Plan.Model;

/// <summary>A measured figure of the model, its unit, and the run it is from.</summary>
internal sealed record Constant(double Value, string Unit, string From);

/// <summary>What the model knows of the server, all of it measured; null is what the report's runs did not say.</summary>
internal sealed record ModelConstants
{
    /// <summary>CPU of one send to one connection, whatever it holds, by the rate of messages.</summary>
    public IReadOnlyList<RatedConstant> Sends { get; init; } = [];

    /// <summary>CPU of one more message within a send.</summary>
    public Constant? Message { get; init; }

    /// <summary>Messages a send held in the closed loop: beyond that nothing was measured.</summary>
    public Constant? CoalescedMax { get; init; }

    /// <summary>CPU of taking in one message, by the rate of messages: wake-up, read, parse, route.</summary>
    public IReadOnlyList<RatedConstant> Publishes { get; init; } = [];

    /// <summary>CPU from accept to subscribed.</summary>
    public Constant? Connect { get; init; }

    /// <summary>CPU of a connection that does nothing, a second.</summary>
    public Constant? Idle { get; init; }

    /// <summary>CPU of one heart-beat in each direction.</summary>
    public Constant? HeartBeat { get; init; }

    /// <summary>Process memory without connections.</summary>
    public Constant? Process { get; init; }

    /// <summary>Process memory of an idle connection.</summary>
    public Constant? Connection { get; init; }

    /// <summary>Kernel memory of the server's end of an idle connection.</summary>
    public Constant? Kernel { get; init; }

    /// <summary>Bytes that a delivery has besides its payload: headers of frame and message.</summary>
    public Constant? Headers { get; init; }

    /// <summary>p99 of a lone direct message, client and kernel included.</summary>
    public Constant? LatencyP99 { get; init; }

    [JsonIgnore]
    public IEnumerable<(string Name, Constant? Constant)> Named =>
    [
        .. Sends.Select(point => Name("send", point)),
        ("message", Message),
        ("coalescedMax", CoalescedMax),
        .. Publishes.Select(point => Name("publish", point)),
        ("connect", Connect),
        ("idle", Idle),
        ("heartBeat", HeartBeat),
        ("process", Process),
        ("connection", Connection),
        ("kernel", Kernel),
        ("headers", Headers),
        ("latencyP99", LatencyP99),
    ];

    /// <summary>Equal when all values, units and origins are.</summary>
    public bool Equals(ModelConstants? other) => other is not null && Named.SequenceEqual(other.Named);

    public override int GetHashCode() => Named.Aggregate(0, HashCode.Combine);

    /// <summary>The value of a constant that the caller cannot do without.</summary>
    /// <exception cref="InputException">The report has not measured it.</exception>
    public static double Require(Constant? constant, [CallerArgumentExpression(nameof(constant))] string name = "") =>
        constant?.Value ?? throw new InputException(
            $"the report has not measured '{JsonNamingPolicy.CamelCase.ConvertName(name[(name.LastIndexOf('.') + 1)..])}'");

    private static (string Name, Constant? Constant) Name(string name, RatedConstant point) =>
        (FormattableString.Invariant($"{name}, {point.Rate:N0} messages/s"), new Constant(point.Value, point.Unit, point.From));
}
