using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// What was sent and what came, and the rules that hold at every moment:
/// <list type="bullet">
/// <item>A message comes to whom it was sent to, under the id that its publisher was told.</item>
/// <item>A STOMP client to which a message comes once more is told so (<c>redelivered:true</c>), whether the publisher had an answer or
/// not, unless its connection asked for older messages by <c>last-event-id</c>.</item>
/// <item>What was acknowledged, and the RECEIPT of that has come, does not come on a later connection, unless asked for like that.</item>
/// <item>On one connection, messages of one publisher's connection to one destination come in the order they were sent, those with the
/// mark aside. (Server-sent events have no mark, so there this is asked of topics only, whose messages never come back.)</item>
/// </list>
/// What must hold at the end is <see cref="Verdict"/>'s.
/// </summary>
internal sealed class Journal(ChaosClock clock)
{
    private const int LinesOfUser = 60;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SentMessage> _messages = [];
    private readonly List<Stay> _stays = [];
    private readonly List<string> _violations = [];
    private readonly Dictionary<string, List<(TimeSpan At, string Text)>> _ofUsers = [];

    public FaultLog Faults { get; } = new(clock);

    public IReadOnlyCollection<SentMessage> Messages => _messages.Values;

    public IReadOnlyList<Stay> Stays => _stays;

    public IReadOnlyList<string> Violations => _violations;

    public int Deliveries { get; private set; }

    public int Repetitions { get; private set; }

    /// <summary>A message is about to be sent.</summary>
    public SentMessage Send(string stream, int sequence, string? user)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $"{stream}:{sequence}");
        var message = new SentMessage(body, stream, sequence, user) { SentAt = clock.Now };
        lock (_lock)
        {
            _messages.Add(body, message);
        }

        return message;
    }

    public void Note(SentMessage message, string text)
    {
        lock (_lock)
        {
            Add(message, text);
        }
    }

    public void Accepted(SentMessage message, string id, Place by)
    {
        lock (_lock)
        {
            Add(message, $"accepted by {by.Process} as {id}");
            var number = long.Parse(id, CultureInfo.InvariantCulture);
            if (message.AcceptedId != 0 && message.AcceptedId != number)
            {
                OtherId(message, $"was accepted as {message.AcceptedId} and as {number}");
            }

            message.AcceptedId = number;
            message.AcceptedBy = by;
            message.AcceptedAt = clock.Now;
            message.CopyOf(number);
            if (message.Ids.Any(other => other != number))
            {
                OtherId(message, $"was accepted as {number} and came under another id");
            }
        }
    }

    public Stay Open(string user, string place, bool isStream, long? resumedFrom)
    {
        lock (_lock)
        {
            var kind = isStream ? "stream" : "connection";
            var name = string.Create(CultureInfo.InvariantCulture, $"{user}'s {kind} {_stays.Count} on {place}");
            var stay = new Stay(user, name, isStream, resumedFrom, clock.Now);
            _stays.Add(stay);
            Add(user, $"{name} begins{(resumedFrom is null ? "" : $", after {resumedFrom}")}");
            return stay;
        }
    }

    public void Closed(Stay stay)
    {
        lock (_lock)
        {
            stay.EndedAt = clock.Now;
            Add(stay.User, $"{stay.Name} is over");
        }
    }

    public void Came(Stay stay, string body, long id, bool isMarked)
    {
        lock (_lock)
        {
            Deliveries++;
            if (!_messages.TryGetValue(body, out var message))
            {
                _violations.Add($"{stay.Name} got '{body}', which nobody sent");
                return;
            }

            Add(message, $"came as {id}{(isMarked ? ", marked," : "")} to {stay.Name}");
            if (message.AcceptedId != 0 && message.AcceptedId != id)
            {
                OtherId(message, $"was accepted as {message.AcceptedId} and came as {id}");
            }

            if (message.User is null)
            {
                OfTopic(stay, message, id);
            }
            else
            {
                OfUser(stay, message, id, isMarked);
            }
        }
    }

    public void Acked(Stay stay, string body, long id)
    {
        lock (_lock)
        {
            Add(_messages[body], $"the RECEIPT of its ACK came to {stay.Name}");
            _messages[body].CopyOf(id).AckedAt = clock.Now;
        }
    }

    public void Note(string body, string text)
    {
        lock (_lock)
        {
            if (_messages.TryGetValue(body, out var message))
            {
                Add(message, text);
            }
        }
    }

    public void Violate(SentMessage message, string what)
    {
        lock (_lock)
        {
            var ofUser = message.User is { } user ? _ofUsers[user] : [];
            var then = ofUser.SkipWhile(line => line.At < message.SentAt - TimeSpan.FromSeconds(2)).Take(LinesOfUser).ToList();
            var last = ofUser.TakeLast(Math.Min(LinesOfUser, ofUser.Count - ofUser.IndexOf(then[^1]) - 1));
            _violations.Add(string.Join('\n', (string[])
            [
                $"{message.Body} {what}",
                .. message.History,
                "  its user then, and in the end:",
                .. then.Concat(last).Select(line => Line(line.At, line.Text)),
                "  what was broken meanwhile:",
                Faults.Around(message.SentAt, clock.Now),
            ]));
        }
    }

    private void OfTopic(Stay stay, SentMessage message, long id)
    {
        if (!stay.Ids.Add(id))
        {
            Violate(message, $"came twice on {stay.Name}");
        }

        InOrder(stay, message);
    }

    private void OfUser(Stay stay, SentMessage message, long id, bool isMarked)
    {
        if (message.User != stay.User)
        {
            Violate(message, $"for {message.User} came to {stay.User}");
        }

        var copy = message.CopyOf(id);
        var isAskedFor = stay.ResumedFrom is not null; // By position in a node's history, so with older ones that came there late.
        var isOnceMore = isAskedFor ? stay.Ids.Contains(id) : copy.IsSeen;
        Repetitions += copy.IsSeen ? 1 : 0;
        if (!isAskedFor && copy.AckedAt is { } acked && acked < stay.OpenedAt)
        {
            Violate(message, $"came to {stay.Name} after the RECEIPT of its ACK");
        }

        if (!stay.IsStream && !isMarked)
        {
            if (isOnceMore)
            {
                Violate(message, $"came once more to {stay.Name} without redelivered:true");
            }

            InOrder(stay, message);
        }

        stay.Ids.Add(id);
        copy.IsSeen = true;
    }

    private void InOrder(Stay stay, SentMessage message)
    {
        var stream = $"{message.Stream}>{message.User}";
        if (stay.LastOfStream.TryGetValue(stream, out var last) && last > message.Sequence)
        {
            Violate(message, $"came to {stay.Name} after {last} of its stream");
        }

        stay.LastOfStream[stream] = message.Sequence;
    }

    // While Redis is away, an idempotency key counts on one node only (README, "Several nodes").
    private void OtherId(SentMessage message, string what)
    {
        if (!message.HasKey || !Faults.WasCutOff(message.SentAt, clock.Now))
        {
            Violate(message, what);
        }
    }

    private void Add(SentMessage message, string text)
    {
        message.History.Add(Line(clock.Now, text));
        if (message.User is { } user)
        {
            Add(user, $"{message.Body} {text}");
        }
    }

    private void Add(string user, string text)
    {
        if (!_ofUsers.TryGetValue(user, out var lines))
        {
            _ofUsers[user] = lines = [];
        }

        lines.Add((clock.Now, text));
    }

    private static string Line(TimeSpan at, string text) => string.Create(CultureInfo.InvariantCulture, $"    {at.TotalSeconds:F3} {text}");
}
