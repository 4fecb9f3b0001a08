namespace FastPush.Gateway.Tests.Testing;

/// <summary>The result of a call that an embedded store answers at once.</summary>
internal static class Completed
{
    public static T Of<T>(ValueTask<T> call)
    {
        Assert.True(call.IsCompletedSuccessfully);
        return call.GetAwaiter().GetResult();
    }
}
