using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class KeySourceTests : IDisposable
{
    private static readonly TestSigner One = new(kid: "one");
    private static readonly TestSigner Two = new(kid: "two");
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string Jwks(TestSigner signer) => $$"""{"keys":[{{signer.Jwk}}]}""";

    private KeySource Open(out string path)
    {
        path = folder.Write("jwks", "\uFEFF" + Jwks(One));
        Assert.True(KeySource.TryOpen(TestSigner.Options with { JwksPath = path }, out var source, out var fault), fault);
        return source;
    }

    [Fact]
    public void An_untouched_file_is_not_taken_again()
    {
        var source = Open(out _);
        var before = source.Current;
        Assert.Equal(KeyReload.Unchanged, source.Reload(out var fault));
        Assert.Empty(fault);
        Assert.Same(before, source.Current);
    }

    [Fact]
    public void A_new_file_replaces_the_keys()
    {
        var source = Open(out var path);
        File.WriteAllText(path, Jwks(Two));
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
        Assert.Null(source.Current.Keys.Find("one"u8));
        Assert.NotNull(source.Current.Keys.Find("two"u8));
        Assert.Equal(1, source.Current.Generation);
        Assert.Equal(KeyReload.Unchanged, source.Reload(out _));
    }

    [Fact]
    public void A_file_of_the_same_size_is_told_by_its_time()
    {
        var source = Open(out var path);
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(-100));
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
    }

    [Fact]
    public void A_bad_file_keeps_the_keys_is_reported_once_and_tried_again()
    {
        var source = Open(out var path);
        var before = source.Current;
        File.WriteAllText(path, "{");
        Assert.Equal(KeyReload.Kept, source.Reload(out var fault));
        Assert.StartsWith("FastPush:Jwt:JwksPath: ", fault);
        Assert.Equal(KeyReload.Unchanged, source.Reload(out fault));
        Assert.Empty(fault);

        File.Delete(path);
        Assert.Equal(KeyReload.Kept, source.Reload(out fault));
        Assert.Contains("does not exist", fault, StringComparison.Ordinal);
        Assert.Same(before, source.Current);

        File.WriteAllText(path, Jwks(Two));
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
        Assert.NotNull(source.Current.Keys.Find("two"u8));
    }

    [Fact]
    public void A_link_moved_to_another_file_is_noticed()
    {
        // A mounted Kubernetes secret: the file is a link into a folder that is itself a link, and only that one moves.
        Directory.CreateDirectory(folder["v1"]);
        Directory.CreateDirectory(folder["v2"]);
        folder.Write("v1/jwks", Jwks(One));
        File.SetLastWriteTimeUtc(folder.Write("v2/jwks", Jwks(Two)), File.GetLastWriteTimeUtc(folder["v1/jwks"]).AddDays(1));
        Directory.CreateSymbolicLink(folder["data"], "v1");
        File.CreateSymbolicLink(folder["jwks"], Path.Combine("data", "jwks"));
        Assert.True(KeySource.TryOpen(TestSigner.Options with { JwksPath = folder["jwks"] }, out var source, out _));

        Directory.Delete(folder["data"]);
        Directory.CreateSymbolicLink(folder["data"], "v2");
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
        Assert.NotNull(source.Current.Keys.Find("two"u8));
    }

    [Fact]
    public void Fixed_keys_stay()
    {
        var source = KeySource.Fixed(One.Keys);
        Assert.Equal(KeyReload.Unchanged, source.Reload(out var fault));
        Assert.Empty(fault);
        Assert.NotNull(source.Current.Keys.Find("one"u8));
    }
}
