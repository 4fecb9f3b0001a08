using System.Reflection;
using StackExchange.Redis;

namespace FastPush.Simulation.Fleet;

/// <summary>Array answers, which the Redis client lets nobody else make.</summary>
internal static class RedisArray
{
    private static readonly ConstructorInfo s_make = typeof(RedisResult).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(RedisResult)))
        .Select(type => type.GetConstructor(
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(RedisResult[])]))
        .Single(constructor => constructor is not null)!;

    public static RedisResult Of(RedisResult[] items) => (RedisResult)s_make.Invoke([items]);
}
