using System.Text;

namespace FastPush.Simulation;

/// <summary>A topic or a user's queue, with every message that the gateway accepted for it, in order.</summary>
internal sealed class Destination(int number, string key, string? user, string? queue, bool isLossy)
{
    public int Number { get; } = number;

    /// <summary>Where to send.</summary>
    public string Key { get; } = key;

    public byte[] KeyBytes { get; } = Encoding.UTF8.GetBytes(key);

    /// <summary>Where to subscribe.</summary>
    public string Shown { get; } = queue is null ? key : $"/user/queue/{queue}";

    public string? User { get; } = user;

    public string? Queue { get; } = queue;

    /// <summary>Its subscriptions may have policies that drop messages.</summary>
    public bool IsLossy { get; } = isLossy;

    public List<Message> Log { get; } = [];

    /// <summary>Subscriptions of it that have ended, with or without their session.</summary>
    public int EndedSubscriptions { get; set; }

    public override string ToString() => Key;
}
