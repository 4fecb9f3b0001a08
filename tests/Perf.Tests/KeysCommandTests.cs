using FastPush.Load;

namespace FastPush.Perf.Tests;

public sealed class KeysCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fastpush-keys-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task WritesTheExpiryThePublishersTokenAndOneForEachUser()
    {
        Assert.Equal(0, await Commands.RunAsync(["keys", _folder.FullName, "3"]));

        Assert.Equal(1 + 1 + 3, (await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "tokens"))).Length);
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "pub.pem")));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-x")]
    public async Task AnOptionIsNoFolder(string word)
    {
        Assert.Equal(2, await Commands.RunAsync(["keys", word]));
        Assert.False(Directory.Exists(word));
    }
}
