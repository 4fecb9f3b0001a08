using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>Keys and tokens made by npm's jose; the folder <c>jose</c> of this project holds the script.</summary>
public sealed class JoseFixture : IAsyncLifetime
{
    private JsonDocument? made;

    public async Task InitializeAsync()
    {
        var folder = Folder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "jose")))
        {
            await RunAsync(folder, "npm", "install", "--no-audit", "--no-fund", "--package-lock=false");
        }

        var now = TestSigner.Now.ToString(System.Globalization.CultureInfo.InvariantCulture);
        made = JsonDocument.Parse(await RunAsync(folder, "node", "make-tokens.mjs", now));
    }

    public Task DisposeAsync()
    {
        made?.Dispose();
        return Task.CompletedTask;
    }

    public IEnumerable<string> TokenNames =>
        made!.RootElement.GetProperty("tokens").EnumerateObject().Select(token => token.Name);

    public byte[] Token(string name) =>
        Encoding.ASCII.GetBytes(made!.RootElement.GetProperty("tokens").GetProperty(name).GetString()!);

    /// <summary>A key file's text: jwks, jwksOfOne, spki, pkcs1, privatePem or ellipticPem.</summary>
    public string KeyText(string name)
    {
        var member = made!.RootElement.GetProperty(name);
        return member.ValueKind == JsonValueKind.String ? member.GetString()! : member.GetRawText();
    }

    internal TokenVerifier Verifier(string keys, TimeProvider? time = null)
    {
        using var folder = new TempFolder();
        var path = folder.Write("keys", KeyText(keys));
        var options = new JwtOptions { Issuer = "https://issuer.example", Audience = "fastpush" };
        options = keys.StartsWith("jwks", StringComparison.Ordinal)
            ? options with { JwksPath = path }
            : options with { PublicKeyPath = path };
        Assert.True(KeySet.TryLoad(options, out var set, out var fault), fault);
        return new TokenVerifier(KeySource.Fixed(set), options, time ?? new ManualTimeProvider());
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FastPush.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("the tests run outside the source tree");
        }

        return Path.Combine(folder.FullName, "tests", "Gateway.Tests", "jose");
    }

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: exit code {process.ExitCode}\n{await errors}");
        return await output;
    }
}
