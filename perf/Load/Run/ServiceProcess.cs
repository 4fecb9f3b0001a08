using System.Diagnostics;
using FastPush.Load.Engine;

namespace FastPush.Load.Run;

/// <summary>A service that runs beside the load: started, awaited until it is ready, ended by SIGTERM.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_stopTime = TimeSpan.FromSeconds(60);
    private const int LinesKept = 50;

    private readonly Process _process;
    private readonly Service _service;
    private readonly Queue<string> _lines = new();
    private readonly TaskCompletionSource<bool> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServiceProcess(Service service, string folder)
    {
        _service = service;
        _process = new Process { StartInfo = StartInfo(service, folder), EnableRaisingEvents = true };
        _process.StartInfo.RedirectStandardOutput = true;
        _process.StartInfo.RedirectStandardError = true;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Exited += (_, _) => _ready.TrySetResult(false);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (service.ReadyStateText is null)
        {
            _ready.TrySetResult(true);
        }
    }

    /// <summary>How a service's program is started in its working folder, which holds its sources under their names.</summary>
    public static ProcessStartInfo StartInfo(Service service, string folder)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, service.Executable), service.Arguments) { WorkingDirectory = folder };
        foreach (var (name, value) in service.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <exception cref="IOException">It ended, or said nothing of the kind in time.</exception>
    public async Task ReadyAsync()
    {
        try
        {
            if (await _ready.Task.WaitAsync(s_startTime))
            {
                return;
            }
        }
        catch (TimeoutException)
        {
            throw new IOException($"{_service.Name} did not say \"{_service.ReadyStateText}\" in time:\n{Output()}");
        }

        throw new IOException($"{_service.Name} ended before it was ready:\n{Output()}");
    }

    /// <summary>Ends it, and says with which code it ended.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            _ = ClientNative.Kill(_process.Id, ClientNative.Sigterm);
        }

        using var late = new CancellationTokenSource(s_stopTime);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            throw new IOException($"{_service.Name} did not end within {s_stopTime.TotalSeconds} s of SIGTERM:\n{Output()}");
        }

        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    public string Output()
    {
        lock (_lines)
        {
            return string.Join('\n', _lines);
        }
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LinesKept)
            {
                _lines.Dequeue();
            }
        }

        if (_service.ReadyStateText is { } text && line.Contains(text, StringComparison.OrdinalIgnoreCase))
        {
            _ready.TrySetResult(true);
        }
    }
}
