namespace FastPush.Relay.Links;

/// <summary>What a Redis server says of itself in answer to HELLO.</summary>
/// <param name="Version">As "7.0.15".</param>
/// <param name="Mode">"standalone", "cluster" or "sentinel".</param>
/// <param name="Role">"master" or "replica".</param>
internal sealed record RelayServer(string Version, string Mode, string Role)
{
    public bool IsCluster => Mode == "cluster";

    public bool IsReplica => Role != "master";
}
