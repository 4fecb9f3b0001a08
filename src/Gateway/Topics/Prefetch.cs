using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using FastPush.Gateway.Sessions;

namespace FastPush.Gateway.Topics;

/// <summary>
/// Asks for the memory of receivers that are a few places ahead in a fan-out. With more of them than the cache holds, each would else wait
/// for a chain of four objects, one after the other. A hint: it changes nothing but the time, and does nothing on other processors.
/// </summary>
internal static unsafe class Prefetch
{
    // Each object is looked into some receivers after it was asked for. A send is longer than memory takes, so few are enough.
    private const int Subscriptions = 6;
    private const int Sessions = 4;
    private const int Outboxes = 2;

    private const int LineBytes = 64;

    /// <summary>Before the receiver at <paramref name="index"/> gets its messages.</summary>
    public static void Ahead(ReadOnlySpan<Subscription?> receivers, int index)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        if (index + Subscriptions < receivers.Length)
        {
            Ask(receivers[index + Subscriptions]);
        }

        if (index + Sessions < receivers.Length && receivers[index + Sessions] is { } later)
        {
            Ask(later.Session);
        }

        if (index + Outboxes < receivers.Length && receivers[index + Outboxes] is { } next)
        {
            Ask(next.Session.Outbox);
            Ask(next.Session.Link);
        }
    }

    // The first lines of an object. Should the collector move it meanwhile, the wrong memory is asked for, which is no fault.
    private static void Ask(object? target)
    {
        var address = *(byte**)Unsafe.AsPointer(ref target);
        Sse.Prefetch0(address);
        Sse.Prefetch0(address + LineBytes);
    }
}
