using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace FastPush.Load.Control;

/// <summary>A child of this process that carries part of the load, and the pipes to it.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Dictionary<string, TaskCompletionSource<string>> _awaited = [];
    private readonly Lock _lock = new();
    private readonly int _number;

    public WorkerProcess(int number, IReadOnlyList<string> arguments)
    {
        _number = number;
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true };

        // Started by the dotnet command this process is that, and the program its first argument.
        start.FileName = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        }

        start.ArgumentList.Add("worker");
        start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException("no process was started");
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
    }

    public int Id => _process.Id;

    public WorkerProgress Progress { get; private set; } = new(0, 0, 0);

    /// <summary>Sends a command, and gives the rest of the line that answers it, which begins with <paramref name="answer"/>.</summary>
    public Task<string> AskAsync(string command, string answer)
    {
        var source = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _awaited[answer] = source;
        }

        Tell(command);
        return source.Task;
    }

    public void Tell(string command)
    {
        _process.StandardInput.Write(command + "\n");
        _process.StandardInput.Flush();
    }

    /// <summary>Its input's end is its own.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            lock (_lock)
            {
                foreach (var source in _awaited.Values)
                {
                    source.TrySetException(new IOException($"load process {_number} ended before its time"));
                }
            }

            return;
        }

        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var word = space < 0 ? line : line[..space];
        var rest = space < 0 ? "" : line[(space + 1)..];
        if (word == "progress")
        {
            var numbers = Array.ConvertAll(rest.Split(' '), n => long.Parse(n, CultureInfo.InvariantCulture));
            Progress = new WorkerProgress((int)numbers[0], (int)numbers[1], numbers[2]);
            return;
        }

        lock (_lock)
        {
            if (_awaited.Remove(word, out var source))
            {
                source.SetResult(rest);
            }
        }
    }
}
