using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FastPush.Plan.Model;

/// <summary>A measured figure of the model, its unit, and the run it is from.</summary>
internal sealed record Constant(double Value, string Unit, string From);

/// <summary>What the model knows of the server, all of it measured; null is what the report's runs did not say.</summary>
internal sealed record ModelConstants
{
    /// <summary>CPU of one send to one connection, whatever it holds.</summary>
    public Constant? Send { get; init; }

    /// <summary>CPU of one more message within a send.</summary>
    public Constant? Message { get; init; }

    /// <summary>Messages a send held in the closed loop: beyond that nothing was measured.</summary>
    public Constant? CoalescedMax { get; init; }

    /// <summary>CPU of taking in one message at the rate <see cref="PublishRateLow"/>: wake-up, read, parse, route.</summary>
    public Constant? PublishLow { get; init; }

    public Constant? PublishRateLow { get; init; }

    /// <summary>The same at <see cref="PublishRateHigh"/>, where messages share wake-ups.</summary>
    public Constant? PublishHigh { get; init; }

    public Constant? PublishRateHigh { get; init; }

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
        ("send", Send),
        ("message", Message),
        ("coalescedMax", CoalescedMax),
        ("publishLow", PublishLow),
        ("publishRateLow", PublishRateLow),
        ("publishHigh", PublishHigh),
        ("publishRateHigh", PublishRateHigh),
        ("connect", Connect),
        ("idle", Idle),
        ("heartBeat", HeartBeat),
        ("process", Process),
        ("connection", Connection),
        ("kernel", Kernel),
        ("headers", Headers),
        ("latencyP99", LatencyP99),
    ];

    /// <summary>The value of a constant that the caller cannot do without.</summary>
    /// <exception cref="InputException">The report has not measured it.</exception>
    public static double Require(Constant? constant, [CallerArgumentExpression(nameof(constant))] string name = "") =>
        constant?.Value ?? throw new InputException(
            $"the report has not measured '{JsonNamingPolicy.CamelCase.ConvertName(name[(name.LastIndexOf('.') + 1)..])}'");
}
