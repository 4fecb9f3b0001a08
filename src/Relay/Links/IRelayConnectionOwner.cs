using System.Buffers;

namespace FastPush.Relay.Links;

/// <summary>What a connection tells the link. Called by the connection's reader, one call at a time.</summary>
internal interface IRelayConnectionOwner
{
    /// <summary>Redis confirmed the subscription of a channel.</summary>
    void OnSubscribed(RelayConnection connection, string channel);

    /// <summary>Redis refused it.</summary>
    void OnSubscribeRefused(RelayConnection connection, string channel, string error);

    /// <summary>Redis ended a subscription by itself: on a cluster, the slot of the channel has moved away.</summary>
    void OnUnsubscribed(RelayConnection connection, string channel);

    /// <summary>Redis did not publish a batch. Whoever is called owns the batch from then on.</summary>
    void OnPublishRefused(RelayConnection connection, RelayBatch batch, string error);

    /// <summary>A batch reached nobody. Whoever is called owns the batch from then on.</summary>
    void OnUndelivered(RelayBatch batch);
}
