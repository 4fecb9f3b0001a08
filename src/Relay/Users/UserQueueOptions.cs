using FastPush.Relay.Offline;

namespace FastPush.Relay.Users;

/// <summary>Bounds of what is stored for users.</summary>
/// <param name="Offline">Bounds of each offline queue.</param>
/// <param name="HistoryMessages">Messages of each queue kept for clients that resume; 0 = none.</param>
/// <param name="HistoryAgeSeconds">How long.</param>
public sealed record UserQueueOptions(OfflineOptions Offline, int HistoryMessages, int HistoryAgeSeconds);
