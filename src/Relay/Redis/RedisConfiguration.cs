using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>A StackExchange.Redis configuration string.</summary>
public static class RedisConfiguration
{
    /// <summary>What is wrong with a configuration string, or null.</summary>
    public static string? Validate(string configuration)
    {
        try
        {
            return ConfigurationOptions.Parse(configuration).EndPoints.Count == 0 ? "names no server (host:port)" : null;
        }
        catch (ArgumentException e)
        {
            return e.Message; // It names the keyword.
        }
    }
}
