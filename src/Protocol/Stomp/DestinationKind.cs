namespace FastPush.Protocol.Stomp;

/// <summary>What a destination names.</summary>
public enum DestinationKind : byte
{
    /// <summary>None of the forms below.</summary>
    Invalid,

    /// <summary><c>/topic/{name}</c>: a channel for all.</summary>
    Topic,

    /// <summary><c>/user/queue/{name}</c>: messages for oneself.</summary>
    OwnQueue,

    /// <summary><c>/user/{userId}/queue/{name}</c>: messages for that user.</summary>
    UserQueue,
}
