using FastPush.Gateway.Auth;
using Microsoft.Extensions.Configuration;

namespace FastPush.Gateway.Tests.Auth;

public sealed class JwtOptionsTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_defaults_have_no_fault()
    {
        var options = new JwtOptions();
        Assert.Empty(options.Validate(isDevelopment: false));
        Assert.False(options.HasKeys);
        Assert.Equal((30, 8192, 16384), (options.ClockSkewSeconds, options.TokenBytesMax, options.CacheEntries));
    }

    [Fact]
    public void The_section_is_bound()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["FastPush:Jwt:PublicKeyPath"] = "key.pem",
            ["FastPush:Jwt:Issuer"] = "i",
            ["FastPush:Jwt:Audience"] = "a",
            ["FastPush:Jwt:ClockSkewSeconds"] = "5",
        }).Build();
        var options = configuration.GetSection(JwtOptions.Section).Get<JwtOptions>();
        Assert.Equal(new JwtOptions { PublicKeyPath = "key.pem", Issuer = "i", Audience = "a", ClockSkewSeconds = 5 }, options);
    }

    [Fact]
    public void All_faults_are_told_at_once_each_with_its_key()
    {
        var options = new JwtOptions
        {
            JwksPath = folder["missing"],
            ClockSkewSeconds = -1,
            TokenBytesMax = JwtOptions.TokenBytesCeiling + 1,
            CacheEntries = -1,
        };
        string[] keys = ["JwksPath", "Issuer", "Audience", "ClockSkewSeconds", "TokenBytesMax", "CacheEntries"];
        Assert.Equal(keys, options.Validate(isDevelopment: false).Select(fault => fault.Split(':')[2]));
        Assert.Contains("does not exist", options.Validate(isDevelopment: false).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_one_key_file_can_be_named()
    {
        var options = new JwtOptions { JwksPath = "a", PublicKeyPath = "b", Issuer = "i", Audience = "a" };
        var fault = Assert.Single(options.Validate(isDevelopment: false));
        Assert.Contains("set one of Authority, JwksUrl, JwksPath, PublicKeyPath", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_in_the_file_is_told()
    {
        var options = new JwtOptions { PublicKeyPath = folder.Write("key.pem", "nothing"), Issuer = "i", Audience = "a" };
        Assert.Equal("FastPush:Jwt:PublicKeyPath: not a PEM file", Assert.Single(options.Validate(isDevelopment: false)));
        options = options with { PublicKeyPath = Path.GetDirectoryName(folder["x"]) };
        Assert.Contains("cannot be read", Assert.Single(options.Validate(isDevelopment: false)), StringComparison.Ordinal);
        options = options with { PublicKeyPath = folder.Write("big", new string('x', (1 << 20) + 1)) };
        Assert.Contains("larger than", Assert.Single(options.Validate(isDevelopment: false)), StringComparison.Ordinal);
    }
}
