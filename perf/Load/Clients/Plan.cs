using System.Globalization;
using System.Text;
using FastPush.Load.Control;

namespace FastPush.Load.Clients;

/// <summary>
/// What one process has to do: its users, where each listens, and where its publishers send to. Destinations have a number that
/// is unique over all processes, and a place in this process's tables.
/// </summary>
internal sealed class Plan
{
    public const int GroupSize = 10;
    private const int GroupNumbers = 1 << 30;

    private readonly LoadOptions _options;
    private readonly int _firstGroup;
    private readonly int _groups;
    private readonly byte[][] _sendTo;
    private readonly int[] _members;

    public Plan(LoadOptions options, int process)
    {
        _options = options;
        IsObserver = process >= options.Processes;
        Target = options.Targets[(IsObserver ? process - options.Processes : process) % options.Targets.Count];
        PublishTarget = options.PublishTarget ?? Target;
        Pattern = IsObserver ? Pattern.Own : options.Pattern;
        Slots = Pattern == Pattern.Groups ? 2 : 1;
        (FirstUser, Users) = ShareOfUsers(options, process);
        _firstGroup = FirstUser / GroupSize;
        _groups = Pattern == Pattern.Groups ? (Users + GroupSize - 1) / GroupSize : 0;
        Publishers = options.HasTraffic && (Pattern != Pattern.Shared || process == 0) ? options.Publishers : 0;
        Tracked = options.HasTraffic ? options.Publishers : 0;

        // Shared topics have one sequence a publisher, so one process publishes them; all others send to their own users.
        (PublishingPlace, PublishingProcesses) = IsObserver ? (process - options.Processes, options.Targets.Count)
            : Pattern == Pattern.Shared ? (0, 1)
            : (process, options.Processes);

        Destinations = Pattern == Pattern.Shared ? options.Topics : Users + _groups;
        _members = new int[Destinations];
        _sendTo = new byte[Destinations][];
        for (var user = 0; user < Users; user++)
        {
            for (var slot = 0; slot < Slots; slot++)
            {
                _members[Place(user, slot)] += IsSlow(user) ? 0 : 1;
            }
        }

        for (var i = 0; i < Destinations && Publishers > 0; i++)
        {
            _sendTo[i] = Name(SendTemplate(i), NameNumber(i));
        }
    }

    public Target Target { get; }

    public Target PublishTarget { get; }

    public Pattern Pattern { get; }

    /// <summary>Whether this process's subscribers stay when the others drop.</summary>
    public bool IsObserver { get; }

    public int FirstUser { get; }

    public int Users { get; }

    public int Publishers { get; }

    /// <summary>Publishers whose sequences a subscriber follows.</summary>
    public int Tracked { get; }

    /// <summary>Subscriptions of a user.</summary>
    public int Slots { get; }

    /// <summary>Destinations with a place here.</summary>
    public int Destinations { get; }

    /// <summary>How many processes share the rate out, and which of them this is.</summary>
    public int PublishingProcesses { get; }

    public int PublishingPlace { get; }

    /// <summary>The place of the destination that a user's subscription listens to.</summary>
    public int Place(int user, int slot) => Pattern switch
    {
        Pattern.Shared => (FirstUser + user) % _options.Topics,
        _ when slot == 0 => user,
        _ => Users + (user / GroupSize),
    };

    /// <summary>The number, unique over all processes, of the destination at a place.</summary>
    public int Number(int place) => Pattern switch
    {
        Pattern.Shared => place,
        _ when place < Users => FirstUser + place,
        _ => GroupNumbers + _firstGroup + place - Users,
    };

    /// <summary>Whether a user reads as slowly as the scenario wants.</summary>
    public bool IsSlow(int user) =>
        !IsObserver && _options.SlowEvery > 0 && (FirstUser + user) % _options.SlowEvery == _options.SlowEvery - 1;

    /// <summary>Subscribers of a destination in this process that read it.</summary>
    public int Members(int place) => _members[place];

    public ReadOnlySpan<byte> SendTo(int place) => _sendTo[place];

    public byte[] ListenTo(int user, int slot)
    {
        var place = Place(user, slot);
        var template = Pattern == Pattern.Shared ? _options.SharedDestination
            : place < Users ? _options.OwnDestination
            : _options.GroupDestination;
        return Name(template, NameNumber(place));
    }

    private static (int First, int Count) ShareOfUsers(LoadOptions o, int process)
    {
        if (process >= o.Processes)
        {
            return (o.Connections + ((process - o.Processes) * o.Observers), o.Observers);
        }

        // A group stays in one process, so that whoever publishes to it knows its members.
        var unit = o.Pattern == Pattern.Groups ? GroupSize : 1;
        var units = (o.Connections + unit - 1) / unit;
        var first = (int)((long)units * process / o.Processes) * unit;
        var end = Math.Min((int)((long)units * (process + 1) / o.Processes) * unit, o.Connections);
        return (first, end - first);
    }

    private string SendTemplate(int place) => Pattern == Pattern.Shared ? _options.SharedDestination
        : place < Users ? _options.OwnSendTo ?? _options.OwnDestination
        : _options.GroupDestination;

    private int NameNumber(int place) => Number(place) & ~GroupNumbers;

    private static byte[] Name(string template, int number) =>
        Encoding.UTF8.GetBytes(template.Replace("{n}", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
}
