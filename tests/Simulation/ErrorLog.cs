using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace FastPush.Simulation;

/// <summary>A log that nothing may be written to as an error.</summary>
internal sealed class ErrorLog(Action<string> fail) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() => GC.SuppressFinalize(this);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
        {
            fail($"{formatter(state, exception)} {exception}");
        }
    }
}

/// <summary>Meters that nobody reads.</summary>
internal sealed class UnreadMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose() => GC.SuppressFinalize(this);
}
