namespace FastPush.Relay.Membership;

/// <summary>One line of <c>push:servers</c>: a token and the time of its last heart-beat, or minus the time at which it left.</summary>
internal readonly record struct Beat(string Token, long At);

/// <summary>
/// Who is alive, judged by the heart-beats that this server saw change, on its own monotonic clock: a step of Redis' clock, an outage of
/// Redis or its lost data make nobody dead. After a time without contact everybody has twice the time to be heard of again.
/// </summary>
internal sealed class MemberTable(string self, TimeSpan deadAfter, TimeProvider time)
{
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private long _lastLook;
    private bool _hasLooked;

    /// <summary>Tokens that came to life with the last look.</summary>
    public List<string> Came { get; } = [];

    /// <summary>Tokens that died with the last look.</summary>
    public List<string> Gone { get; } = [];

    /// <summary>Those of <see cref="Gone"/> that said so; the others died.</summary>
    public List<string> Left { get; } = [];

    /// <summary>The living other than this server.</summary>
    public IEnumerable<string> Others => _members.Where(m => m.Value.IsAlive).Select(m => m.Key);

    /// <summary>Takes in what Redis says now. <paramref name="redisMs"/> is its clock.</summary>
    public void Look(long redisMs, IReadOnlyList<Beat> beats)
    {
        Came.Clear();
        Gone.Clear();
        Left.Clear();
        var now = time.GetTimestamp();
        var hadNoContact = _hasLooked && time.GetElapsedTime(_lastLook, now) > deadAfter / 2;
        foreach (var member in _members.Values)
        {
            member.IsListed = false;
        }

        foreach (var beat in beats)
        {
            if (beat.Token != self)
            {
                See(beat, now);
            }
        }

        foreach (var (token, member) in _members)
        {
            if (hadNoContact)
            {
                member.SilentFrom = now;
                member.Patience = 2 * deadAfter;
            }

            var isSilent = time.GetElapsedTime(member.SilentFrom, now) >= member.Patience;
            if (member.IsAlive && (member.HasLeft || isSilent))
            {
                member.IsAlive = false;
                Gone.Add(token);
                if (member.HasLeft)
                {
                    Left.Add(token);
                }
            }

            if (!member.IsAlive && !member.IsListed)
            {
                _members.Remove(token); // Not before Redis has forgotten it: it would seem to be new.
            }

            // For WaitsFor: by Redis' clock, since who had no contact for so long does not act on what it knows.
            member.IsCutOff = redisMs - member.At >= deadAfter.TotalMilliseconds;
        }

        _lastLook = now;
        _hasLooked = true;
    }

    /// <summary>
    /// Living servers that have not made two heart-beats since this server's first, so they may not know of it: the answer to the first of
    /// them names this server, and with the second it was read.
    /// </summary>
    public int Unaware() => _members.Values.Count(m => m is { IsAlive: true, IsCutOff: false, Beats: < 2 });

    /// <summary>From now on everybody counts as not knowing this server.</summary>
    public void ForgetAwareness()
    {
        foreach (var member in _members.Values)
        {
            member.Beats = 0;
        }
    }

    private void See(Beat beat, long now)
    {
        if (!_members.TryGetValue(beat.Token, out var member))
        {
            if (beat.At < 0)
            {
                return; // Left before this server came.
            }

            _members[beat.Token] = new Member { At = beat.At, SilentFrom = now, Patience = deadAfter, IsAlive = true, IsListed = true };
            Came.Add(beat.Token);
            return;
        }

        member.IsListed = true;
        if (beat.At < 0)
        {
            member.HasLeft = true;
        }
        else if (beat.At != member.At)
        {
            member.At = beat.At;
            member.Beats++;
            member.SilentFrom = now;
            member.Patience = deadAfter;
            if (!member.IsAlive)
            {
                member.IsAlive = true;
                member.HasLeft = false;
                Came.Add(beat.Token);
            }
        }
    }

    private sealed class Member
    {
        /// <summary>Redis' clock at the last heart-beat.</summary>
        public long At { get; set; }

        /// <summary>Heart-beats seen, the first look not counted.</summary>
        public int Beats { get; set; }

        /// <summary>Nothing new since then (this server's monotonic clock).</summary>
        public long SilentFrom { get; set; }

        public TimeSpan Patience { get; set; }

        public bool IsAlive { get; set; }

        public bool HasLeft { get; set; }

        /// <summary>Redis still has its line.</summary>
        public bool IsListed { get; set; }

        public bool IsCutOff { get; set; }
    }
}
