using System.Text;

namespace FastPush.Simulation;

/// <summary>What the model knows of one message.</summary>
internal sealed class Message
{
    private const string Filler = "abcdefgh\u00e9\u20ac:\n\0\\ij";

    public Message(Destination destination, string publisher, int number, int size)
    {
        Destination = destination;
        Publisher = publisher;
        Key = $"{destination.Number}/{publisher}/{number}";
        Body = Key + '|' + string.Concat(Enumerable.Repeat(Filler, size / Filler.Length)) + Filler[..(size % Filler.Length)];
    }

    public Destination Destination { get; }

    public string Publisher { get; }

    /// <summary>The part of the body before the first bar.</summary>
    public string Key { get; }

    public string Body { get; }

    public byte[] BodyBytes => Encoding.UTF8.GetBytes(Body);

    /// <summary>Its place in <see cref="Destination.Log"/>; -1 until the gateway has accepted it.</summary>
    public int Index { get; set; } = -1;

    /// <summary>The gateway's id; 0 while it is not known.</summary>
    public long Id { get; set; }

    /// <summary>When it was accepted, Unix ms.</summary>
    public long TimestampMs { get; set; }

    /// <summary>0 = none of its own.</summary>
    public long TtlMs { get; set; }

    /// <summary>Its id was drawn before its place in the destination was.</summary>
    public bool InTransaction { get; set; }

    /// <summary>A link has taken its last byte for an auto subscription.</summary>
    public bool TakenByAuto { get; set; }

    /// <summary>Times a link has taken its last byte.</summary>
    public int Taken { get; set; }

    /// <summary>Some client has sent an acknowledgement that covers it.</summary>
    public bool AckSent { get; set; }

    /// <summary>The event at which the gateway had processed an acknowledgement of it; 0 = none.</summary>
    public long AckedAt { get; set; }

    /// <summary><see cref="Destination.EndedSubscriptions"/> when it was accepted.</summary>
    public int EndedBefore { get; set; }

    public override string ToString() => $"{Key}#{Index}({Id})";
}
