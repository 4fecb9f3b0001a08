using System.Diagnostics;

namespace FastPush.Protocol.Tests.Envelope;

/// <summary>Runs <c>interop/envelope.mjs</c> with node, and installs its package if it is not there yet.</summary>
public sealed class NodePeer
{
    private readonly string _folder = FindFolder();

    public async Task<string[]> RunAsync(string mode, IEnumerable<string> lines)
    {
        if (!Directory.Exists(Path.Combine(_folder, "node_modules", "@msgpack", "msgpack")))
        {
            // npm is a script on Windows, which only its shell can start.
            (string npm, string[] first) = OperatingSystem.IsWindows() ? ("cmd", ["/c", "npm"]) : ("npm", Array.Empty<string>());
            _ = await ExecuteAsync(npm, [.. first, "install", "--no-audit", "--no-fund"], "");
        }

        string output = await ExecuteAsync("node", ["envelope.mjs", mode], string.Join('\n', lines));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static string FindFolder()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "interop");
            if (File.Exists(Path.Combine(folder, "envelope.mjs")))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException($"No interop/envelope.mjs above {AppContext.BaseDirectory}.");
    }

    private async Task<string> ExecuteAsync(string program, string[] arguments, string input)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        string text = await output;
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}{text}");
        return text;
    }
}
