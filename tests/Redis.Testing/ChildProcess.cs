using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastPush.Redis.Testing;

/// <summary>A program that runs beside the test: its output is kept, and it ends with the test whatever happens.</summary>
public sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private const int LinesMax = 20_000;

    // Set it to keep what the processes of failed tests printed.
    private const string LogFolder = "TEST_LOG_FOLDER";

    private readonly Process _process;
    private readonly string _command;
    private readonly ConcurrentQueue<string> _lines = new();

    private ChildProcess(ProcessStartInfo start)
    {
        _command = string.Join(' ', start.ArgumentList);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
    }

    /// <summary>Each line of output, from a thread of the reader's.</summary>
    public event Action<string>? LineRead;

    public int Pid { get; private set; }

    public bool HasExited => _process.HasExited;

    /// <summary>All output so far, its last 20,000 lines at most.</summary>
    public string Log => string.Join('\n', _lines);

    /// <summary>Starts a program.</summary>
    /// <param name="program">A name that PATH finds, or a path.</param>
    /// <param name="arguments">Each as one word.</param>
    /// <param name="environment">What the program's environment has beside this process' own.</param>
    /// <param name="onLine">Is told each line of output.</param>
    public static async Task<ChildProcess> StartAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        Action<string>? onLine = null)
    {
        var start = ProcessStarter.Info(program, arguments);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(start);
        child.LineRead += onLine;
        await ProcessStarter.StartAsync(child._process);
        child.Pid = child._process.Id;
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>SIGTERM: asks it to end.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>SIGSTOP: it stands still, its sockets stay open.</summary>
    public void Pause() => Signal(SigStop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(SigCont);

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(Deadline.Token());
    }

    /// <summary>Waits until it ends and gives its exit code (128 + signal if a signal ended it).</summary>
    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        await _process.WaitForExitAsync(Deadline.Token(within));
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        if (Environment.GetEnvironmentVariable(LogFolder) is { Length: > 0 } folder)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, $"{Pid}.log"), $"{_command}\n{Log}\n");
        }
    }

    private void Signal(int signal)
    {
        if (_process.HasExited || Kill(Pid, signal) != 0)
        {
            throw new Win32Exception($"process {Pid} cannot be sent signal {signal}: it has ended\n{Log}");
        }
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        if (_lines.Count > LinesMax)
        {
            _lines.TryDequeue(out _);
        }

        LineRead?.Invoke(line);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
